//! Appending: guards first, then what follows from the events, then the events themselves.

use super::project::Projection;
use super::{Guard, Owner, insert_events};
use crate::convert::{self, count, micros, number};
use crate::dialect::{self, execute, one};
use crate::error::{AppendError, StorageError};
use crate::outbox::{self, NewJob};
use crate::tenant;
use crate::write::Write;
use async_trait::async_trait;
use sea_orm::{ConnectionTrait as _, DatabaseTransaction};
use squad_domain::Timestamp;
use squad_domain::execution::{Event, EventBody, NewEvent};
use squad_domain::ids::{ExecutionId, OrgId};

pub(super) struct Append {
    pub(super) id: ExecutionId,
    pub(super) guard: Guard,
    pub(super) at: Timestamp,
    pub(super) events: Vec<NewEvent>,
    pub(super) jobs: Vec<NewJob>,
}

#[async_trait]
impl Write for Append {
    type Output = Vec<Event>;
    type Error = AppendError;

    async fn run(&self, transaction: &DatabaseTransaction) -> Result<Vec<Event>, AppendError> {
        let mut projection = self.lock(transaction).await?;
        if projection.status.is_terminal() {
            self.check_settles(transaction).await?;
        }
        let first = self.guard.expected_seq + 1;
        let events: Vec<Event> = (first..)
            .zip(&self.events)
            .map(|(seq, new)| Event { seq, at: self.at, actor: new.actor.clone(), body: new.body.clone() })
            .collect();
        if !events.is_empty() {
            insert_events(transaction, projection.owner, &events).await?;
        }
        let mut news = Vec::new();
        for event in &events {
            projection.apply(transaction, event).await?;
            news.extend(projection.news(event)?);
        }
        projection.finish(transaction).await?;
        tenant::announce(transaction, OrgId(projection.owner.org), &news).await?;
        for job in &self.jobs {
            outbox::insert(transaction, job).await?;
        }
        let Some(last) = events.last() else { return Ok(events) };
        execute(
            transaction,
            "UPDATE executions SET last_seq = $1, updated_at = $2, status = $3, reason = $4, paused = $5, branch = $6, \
                cost = cost + $7, runnable = $8 WHERE id = $9",
            [
                count(last.seq).into(),
                micros(self.at).into(),
                projection.status.slug().into(),
                convert::text(&projection.reason).into(),
                projection.paused.into(),
                projection.branch.as_deref().map(convert::text).into(),
                projection.cost.into(),
                // Whoever appends either holds the lease, and then it is runnable, or is a person who wakes it.
                (!projection.status.is_terminal()).into(),
                self.id.0.into(),
            ],
        )
        .await?;
        Ok(events)
    }
}

impl Append {
    /// Locks the execution's row and checks the guard. The fence alone keeps zombies out: a lease that has run out but
    /// that nobody else took is still its holder's, whatever the clocks say.
    async fn lock(&self, transaction: &DatabaseTransaction) -> Result<Projection, AppendError> {
        let sql = dialect::of(transaction.get_database_backend()).lock_execution;
        let row = one(transaction, sql, [self.id.0.into()])
            .await?
            .ok_or_else(|| StorageError::NotFound { what: format!("the execution `{}`", self.id) })?;
        if let Some(fence) = self.guard.fence {
            let owner: Option<String> = row.try_get("", "lease_owner")?;
            if owner.is_none() || number(row.try_get("", "fence")?) != fence {
                return Err(AppendError::FenceLost);
            }
        }
        let actual = number(row.try_get("", "last_seq")?);
        if actual != self.guard.expected_seq {
            return Err(AppendError::SeqConflict { actual });
        }
        Ok(Projection {
            owner: Owner {
                execution: self.id.0,
                org: row.try_get("", "org_id")?,
                squad: row.try_get("", "squad_id")?,
            },
            repository: row.try_get("", "repository")?,
            title: row.try_get("", "title")?,
            status: convert::status(&row.try_get::<String>("", "status")?)?,
            reason: row.try_get("", "reason")?,
            paused: row.try_get("", "paused")?,
            branch: row.try_get("", "branch")?,
            cost: 0,
        })
    }

    /// After the end, only what settles a call that was under way may come.
    async fn check_settles(&self, transaction: &DatabaseTransaction) -> Result<(), AppendError> {
        for new in &self.events {
            let (EventBody::ModelCallFinished { step, .. } | EventBody::ModelCallFailed { step, .. }) =
                &new.body
            else {
                return Err(AppendError::Closed);
            };
            let under_way = one(
                transaction,
                "SELECT 1 AS found FROM model_calls WHERE execution_id = $1 AND step = $2 AND outcome = 'running'",
                [self.id.0.into(), convert::text(step.as_str()).into()],
            )
            .await?;
            if under_way.is_none() {
                return Err(AppendError::Closed);
            }
        }
        Ok(())
    }
}
