//! A process's way to the database: slow, and not always there.

use super::guard;
use super::process::Process;
use super::weather::Weather;
use crate::store::Store;
use async_trait::async_trait;
use squad_domain::Timestamp;
use squad_domain::execution::{Event, NewEvent};
use squad_domain::ids::{ExecutionId, SquadId};
use squad_storage::{AppendError, Claim, ClaimOutcome, Guard, Memory, StorageError};
use std::sync::Arc;
use std::time::Duration;

pub(super) struct Connection(pub(super) Arc<Process>);

impl Connection {
    fn strikes(&self, rate: impl Fn(&Weather) -> u64) -> bool {
        guard(&self.0.world.chaos).strikes(rate)
    }

    async fn slowly(&self) {
        let delay = {
            let mut chaos = guard(&self.0.world.chaos);
            chaos.strikes(|weather| weather.slow).then(|| chaos.millis(1, 2_000))
        };
        if let Some(delay) = delay {
            tokio::time::sleep(delay).await;
        }
        self.0.awake().await;
    }

    /// A write on its way to the database: it may get lost.
    async fn reaches(&self, what: &str) -> Result<(), StorageError> {
        self.0.passes(what).await;
        self.slowly().await;
        if self.strikes(|weather| weather.lost_write) {
            self.0.world.say(|| format!("{}: {what} fails", self.0.name));
            return Err(StorageError::Busy);
        }
        Ok(())
    }

    /// The word of it on its way back: it may get lost, too.
    async fn answered(&self, what: &str) -> Result<(), StorageError> {
        self.0.passes(what).await;
        self.slowly().await;
        if self.strikes(|weather| weather.lost_word) {
            self.0.world.say(|| format!("{}: nobody hears that {what}", self.0.name));
            return Err(StorageError::Closed);
        }
        Ok(())
    }

    async fn reads(&self) -> Result<(), StorageError> {
        self.0.awake().await;
        self.slowly().await;
        if self.strikes(|weather| weather.lost_read) {
            return Err(StorageError::Busy);
        }
        Ok(())
    }
}

/// The moment at which a write is there, for everybody.
fn write(
    process: &Process,
    id: ExecutionId,
    expected: Guard,
    at: Timestamp,
    events: Vec<NewEvent>,
) -> Result<Vec<Event>, AppendError> {
    let world = &process.world;
    let appended = guard(&world.database).append(id, expected, at, events);
    match &appended {
        Ok(events) => world.committed(&process.name, expected, events),
        Err(error) => world.refused(&process.name, error),
    }
    appended
}

#[async_trait]
impl Store for Connection {
    async fn append(
        &self,
        id: ExecutionId,
        expected: Guard,
        at: Timestamp,
        events: Vec<NewEvent>,
    ) -> Result<Vec<Event>, AppendError> {
        self.reaches("appending").await?;
        if self.strikes(|weather| weather.late_write) {
            let delay = guard(&self.0.world.chaos).millis(0, 3_000);
            self.0.world.say(|| format!("{}: appending seems to fail", self.0.name));
            let process = Arc::clone(&self.0);
            tokio::spawn(async move {
                tokio::time::sleep(delay).await;
                // Where the log has moved on, or the lease, it is refused as any other.
                let _ = write(&process, id, expected, at, events);
            });
            return Err(StorageError::Closed.into());
        }
        let appended = write(&self.0, id, expected, at, events);
        if appended.is_ok() {
            self.answered("it appended").await?;
        }
        appended
    }

    async fn events(&self, id: ExecutionId, after: u64, limit: u64) -> Result<Vec<Event>, StorageError> {
        self.reads().await?;
        Ok(guard(&self.0.world.database).events(id, after, limit))
    }

    async fn last_seq(&self, id: ExecutionId) -> Result<Option<u64>, StorageError> {
        self.0.awake().await;
        if self.strikes(|weather| weather.lost_read) {
            return Err(StorageError::Busy);
        }
        Ok(guard(&self.0.world.database).last_seq(id))
    }

    async fn claim(
        &self,
        worker: &str,
        now: Timestamp,
        ttl: Duration,
    ) -> Result<Option<Claim>, StorageError> {
        self.0.awake().await;
        let claim = guard(&self.0.world.database).claim(worker, now, ttl);
        if let Some(claim) = &claim {
            self.0.claimed(claim);
            self.answered("it claimed").await?;
        }
        Ok(claim)
    }

    async fn claim_one(
        &self,
        id: ExecutionId,
        worker: &str,
        now: Timestamp,
        ttl: Duration,
    ) -> Result<ClaimOutcome, StorageError> {
        self.reaches("claiming").await?;
        let outcome = guard(&self.0.world.database).claim_one(id, worker, now, ttl);
        if let ClaimOutcome::Claimed(claim) = &outcome {
            self.0.claimed(claim);
            self.answered("it claimed").await?;
        }
        Ok(outcome)
    }

    async fn renew(&self, claim: &Claim, now: Timestamp, ttl: Duration) -> Result<bool, StorageError> {
        self.reaches("renewing").await?;
        Ok(guard(&self.0.world.database).renew(claim, now, ttl))
    }

    async fn release(&self, claim: &Claim, park_at: Option<u64>) -> Result<(), StorageError> {
        self.reaches("releasing").await?;
        self.0.world.released(&self.0, claim, park_at);
        guard(&self.0.world.database).release(claim, park_at);
        self.answered("it released").await
    }

    async fn memories(
        &self,
        squad: SquadId,
        repository: &str,
        limit: u64,
    ) -> Result<Vec<Memory>, StorageError> {
        self.reads().await?;
        Ok(guard(&self.0.world.database).memories(squad, repository, limit))
    }
}
