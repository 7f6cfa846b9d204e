//! Leases: who may drive an execution. The execution's own row is the queue, so there is no second one to disagree with.

use crate::connect::Storage;
use crate::convert::{count, micros, number, status, timestamp};
use crate::dialect::{self, execute, one};
use crate::error::StorageError;
use crate::write::Write;
use async_trait::async_trait;
use sea_orm::{ConnectionTrait as _, DatabaseTransaction};
use squad_domain::Timestamp;
use squad_domain::ids::ExecutionId;
use std::time::Duration;

/// The right to drive an execution until somebody else claims it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Claim {
    /// Which execution.
    pub execution: ExecutionId,
    /// Grows with every claim; what is appended with an older one is refused.
    pub fence: u64,
    /// Whether the holder before vanished without releasing it.
    pub reclaimed: bool,
}

/// What became of the wish for one particular execution.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ClaimOutcome {
    /// It is yours.
    Claimed(Claim),
    /// Another worker drives it.
    HeldBy {
        /// Which worker.
        worker: String,
        /// How long its lease lasts at least.
        until: Timestamp,
    },
    /// It has ended.
    Terminal,
    /// There is no such execution.
    NotFound,
}

fn until(now: Timestamp, ttl: Duration) -> i64 {
    micros(now).saturating_add(i64::try_from(ttl.as_micros()).unwrap_or(i64::MAX))
}

impl Storage {
    /// Claims a runnable execution that nobody holds: the one that was served least recently, so that each gets its
    /// turn. `None` where there is nothing to do.
    ///
    /// # Errors
    /// Where the database fails.
    pub async fn claim(
        &self,
        worker: &str,
        now: Timestamp,
        ttl: Duration,
    ) -> Result<Option<Claim>, StorageError> {
        self.write(ClaimAny { worker: worker.to_owned(), now: micros(now), until: until(now, ttl) }).await
    }

    /// Claims one particular execution, runnable or parked.
    ///
    /// # Errors
    /// Where the database fails.
    pub async fn claim_one(
        &self,
        id: ExecutionId,
        worker: &str,
        now: Timestamp,
        ttl: Duration,
    ) -> Result<ClaimOutcome, StorageError> {
        let worker = worker.to_owned();
        self.write(ClaimOne { id, worker, now: micros(now), until: until(now, ttl) }).await
    }

    /// Prolongs a lease. `false`: it is lost, stop driving.
    ///
    /// # Errors
    /// Where the database fails.
    pub async fn renew(&self, claim: &Claim, now: Timestamp, ttl: Duration) -> Result<bool, StorageError> {
        self.write(Renew { claim: claim.clone(), until: until(now, ttl) }).await
    }

    /// Gives a lease back; does nothing where it is lost already. With `park_at` the execution is no longer runnable,
    /// unless something was appended after that event, which the caller then has not seen: no wake-up is lost.
    /// Without, another worker may take it up at once.
    ///
    /// # Errors
    /// Where the database fails.
    pub async fn release(&self, claim: &Claim, park_at: Option<u64>) -> Result<(), StorageError> {
        self.write(Release { claim: claim.clone(), park_at }).await
    }
}

struct ClaimAny {
    worker: String,
    now: i64,
    until: i64,
}

#[async_trait]
impl Write for ClaimAny {
    type Output = Option<Claim>;
    type Error = StorageError;

    async fn run(&self, transaction: &DatabaseTransaction) -> Result<Option<Claim>, StorageError> {
        let sql = dialect::of(transaction.get_database_backend()).claim;
        let values = [self.worker.as_str().into(), self.until.into(), self.now.into()];
        let Some(row) = one(transaction, sql, values).await? else { return Ok(None) };
        Ok(Some(Claim {
            execution: ExecutionId(row.try_get("", "id")?),
            fence: number(row.try_get("", "fence")?),
            reclaimed: row.try_get("", "lease_reclaimed")?,
        }))
    }
}

struct ClaimOne {
    id: ExecutionId,
    worker: String,
    now: i64,
    until: i64,
}

#[async_trait]
impl Write for ClaimOne {
    type Output = ClaimOutcome;
    type Error = StorageError;

    async fn run(&self, transaction: &DatabaseTransaction) -> Result<ClaimOutcome, StorageError> {
        // Runnable from now on: if this holder vanishes, others must find what it left undone.
        let claimed = one(
            transaction,
            "UPDATE executions SET lease_reclaimed = (lease_owner IS NOT NULL), lease_owner = $1, lease_until = $2, \
                fence = fence + 1, served_at = $3, runnable = $4 \
             WHERE id = $5 AND (lease_until IS NULL OR lease_until <= $3) \
                AND status NOT IN ('completed', 'failed', 'cancelled') \
             RETURNING fence, lease_reclaimed",
            [
                self.worker.as_str().into(),
                self.until.into(),
                self.now.into(),
                true.into(),
                self.id.0.into(),
            ],
        )
        .await?;
        if let Some(row) = claimed {
            return Ok(ClaimOutcome::Claimed(Claim {
                execution: self.id,
                fence: number(row.try_get("", "fence")?),
                reclaimed: row.try_get("", "lease_reclaimed")?,
            }));
        }
        let sql = "SELECT status, lease_owner, lease_until FROM executions WHERE id = $1";
        let Some(row) = one(transaction, sql, [self.id.0.into()]).await? else {
            return Ok(ClaimOutcome::NotFound);
        };
        if status(&row.try_get::<String>("", "status")?)?.is_terminal() {
            return Ok(ClaimOutcome::Terminal);
        }
        Ok(ClaimOutcome::HeldBy {
            worker: row.try_get::<Option<String>>("", "lease_owner")?.unwrap_or_default(),
            until: timestamp(row.try_get::<Option<i64>>("", "lease_until")?.unwrap_or(self.now)),
        })
    }
}

struct Renew {
    claim: Claim,
    until: i64,
}

#[async_trait]
impl Write for Renew {
    type Output = bool;
    type Error = StorageError;

    async fn run(&self, transaction: &DatabaseTransaction) -> Result<bool, StorageError> {
        let sql =
            "UPDATE executions SET lease_until = $1 WHERE id = $2 AND fence = $3 AND lease_owner IS NOT NULL";
        let values = [self.until.into(), self.claim.execution.0.into(), count(self.claim.fence).into()];
        Ok(execute(transaction, sql, values).await? == 1)
    }
}

struct Release {
    claim: Claim,
    park_at: Option<u64>,
}

#[async_trait]
impl Write for Release {
    type Output = ();
    type Error = StorageError;

    async fn run(&self, transaction: &DatabaseTransaction) -> Result<(), StorageError> {
        // The last event's number is compared by the statement itself, so that an input cannot slip in between.
        let seen = self.park_at.map_or(-1, count);
        execute(
            transaction,
            "UPDATE executions SET lease_owner = NULL, lease_until = NULL, runnable = (runnable AND last_seq > $1) \
             WHERE id = $2 AND fence = $3 AND lease_owner IS NOT NULL",
            [seen.into(), self.claim.execution.0.into(), count(self.claim.fence).into()],
        )
        .await?;
        Ok(())
    }
}
