//! The event log: the single truth of every execution.

mod announce;
mod append;
mod create;
mod project;
mod read;

use crate::connect::Storage;
use crate::convert;
use crate::dialect;
use crate::error::{AppendError, StorageError};
use crate::outbox::NewJob;
use sea_orm::{DatabaseTransaction, Value};
use squad_domain::Timestamp;
use squad_domain::execution::{Event, ExecutionSpec, NewEvent};
use squad_domain::ids::ExecutionId;
use squad_domain::message::Actor;
use uuid::Uuid;

/// What must hold for an append.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Guard {
    /// The last event that the caller has seen.
    pub expected_seq: u64,
    /// The fence of the caller's lease; `None` for inputs of people, which need no lease.
    pub fence: Option<u64>,
}

impl Storage {
    /// Begins an execution: its row, its budgets and its first event. It is runnable at once.
    ///
    /// # Errors
    /// [`StorageError::AlreadyExists`] where the id is taken.
    pub async fn create_execution(
        &self,
        id: ExecutionId,
        spec: &ExecutionSpec,
        actor: Actor,
        at: Timestamp,
    ) -> Result<Event, StorageError> {
        self.write(create::Create { id, spec: Box::new(spec.clone()), actor, at: convert::stored(at) }).await
    }

    /// Appends events with everything that follows from them, all or nothing. Without a fence it is an input, and
    /// makes the execution runnable.
    ///
    /// # Errors
    /// A guard that does not hold, a reservation that does not fit its budgets, an execution that has ended.
    pub async fn append(
        &self,
        id: ExecutionId,
        guard: Guard,
        at: Timestamp,
        events: Vec<NewEvent>,
    ) -> Result<Vec<Event>, AppendError> {
        self.append_with_jobs(id, guard, at, events, Vec::new()).await
    }

    /// As [`Storage::append`], with jobs that become due by the same commit.
    ///
    /// # Errors
    /// As [`Storage::append`].
    pub async fn append_with_jobs(
        &self,
        id: ExecutionId,
        guard: Guard,
        at: Timestamp,
        events: Vec<NewEvent>,
        jobs: Vec<NewJob>,
    ) -> Result<Vec<Event>, AppendError> {
        self.write(append::Append { id, guard, at: convert::stored(at), events, jobs }).await
    }
}

/// Columns of an inserted event.
const EVENT_COLUMNS: usize = 10;
/// Events of one INSERT; keeps below the number of placeholders that either database takes.
const EVENTS_PER_INSERT: usize = 500;

/// Whose log it is.
#[derive(Debug, Clone, Copy)]
struct Owner {
    execution: Uuid,
    org: Uuid,
    squad: Uuid,
}

/// Writes the events, and gives them their place in the streams of the squad and of the organization. Those places come
/// from one row each, which stay locked until the commit: the order of commits is the order of sequence numbers.
async fn insert_events(
    transaction: &DatabaseTransaction,
    owner: Owner,
    events: &[Event],
) -> Result<(), StorageError> {
    use sea_orm::ConnectionTrait as _;
    let total = convert::count(events.len() as u64);
    let row = dialect::one(
        transaction,
        "UPDATE squads SET last_seq = last_seq + $1 WHERE id = $2 RETURNING last_seq",
        [total.into(), owner.squad.into()],
    )
    .await?
    .ok_or_else(|| StorageError::NotFound { what: format!("the squad `{}`", owner.squad) })?;
    let mut squad_seq: i64 = row.try_get::<i64>("", "last_seq")? - total;
    let row = dialect::one(
        transaction,
        "INSERT INTO org_streams (org_id, last_seq) VALUES ($1, $2) \
         ON CONFLICT (org_id) DO UPDATE SET last_seq = org_streams.last_seq + excluded.last_seq RETURNING last_seq",
        [owner.org.into(), total.into()],
    )
    .await?
    .ok_or_else(|| StorageError::NotFound { what: format!("the stream of organization `{}`", owner.org) })?;
    let mut org_seq: i64 = row.try_get::<i64>("", "last_seq")? - total;
    let (before, after) = dialect::of(transaction.get_database_backend()).json_parameter;
    for chunk in events.chunks(EVENTS_PER_INSERT) {
        let mut sql = String::from(
            "INSERT INTO events (execution_id, seq, org_id, squad_id, squad_seq, org_seq, at, actor, kind, payload) VALUES ",
        );
        let mut values: Vec<Value> = Vec::with_capacity(chunk.len() * EVENT_COLUMNS);
        for (index, event) in chunk.iter().enumerate() {
            squad_seq += 1;
            org_seq += 1;
            let placeholders: Vec<String> =
                (1..EVENT_COLUMNS).map(|column| format!("${}", index * EVENT_COLUMNS + column)).collect();
            let comma = if index == 0 { "" } else { ", " };
            let last = (index + 1) * EVENT_COLUMNS;
            sql.push_str(&format!("{comma}({}, {before}${last}{after})", placeholders.join(", ")));
            values.extend([
                owner.execution.into(),
                convert::count(event.seq).into(),
                owner.org.into(),
                owner.squad.into(),
                squad_seq.into(),
                org_seq.into(),
                convert::micros(event.at).into(),
                convert::text(&event.actor.to_string()).into(),
                event.body.kind().into(),
                read::payload(&event.body)?.into(),
            ]);
        }
        dialect::execute(transaction, &sql, values).await?;
    }
    Ok(())
}
