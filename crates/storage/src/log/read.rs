//! Reading the log.

use crate::connect::Storage;
use crate::convert::{count, number, timestamp};
use crate::dialect::{all, one};
use crate::error::StorageError;
use sea_orm::QueryResult;
use serde::Deserialize as _;
use squad_domain::execution::{Event, EventBody};
use squad_domain::ids::ExecutionId;
use squad_domain::message::Actor;

impl Storage {
    /// Events after `after`, at most `limit`, in order.
    ///
    /// # Errors
    /// Where one cannot be read.
    pub async fn events(&self, id: ExecutionId, after: u64, limit: u64) -> Result<Vec<Event>, StorageError> {
        let rows = all(
            &self.pool,
            "SELECT seq, at, actor, kind, CAST(payload AS text) AS payload FROM events \
             WHERE execution_id = $1 AND seq > $2 ORDER BY seq LIMIT $3",
            [id.0.into(), count(after).into(), count(limit).into()],
        )
        .await?;
        rows.iter().map(event).collect()
    }

    /// The number of the last event; `None` where there is no such execution. One look-up by key: poll it.
    ///
    /// # Errors
    /// Where the database fails.
    pub async fn last_seq(&self, id: ExecutionId) -> Result<Option<u64>, StorageError> {
        let row = one(&self.pool, "SELECT last_seq FROM executions WHERE id = $1", [id.0.into()]).await?;
        Ok(row.map(|row| row.try_get("", "last_seq")).transpose()?.map(number))
    }
}

/// An event's payload as stored: the kind has a column of its own.
pub(super) fn payload(body: &EventBody) -> Result<String, StorageError> {
    let unreadable =
        |why: String| StorageError::Unreadable { what: "an event on its way into the log".to_owned(), why };
    let mut value = serde_json::to_value(body).map_err(|error| unreadable(error.to_string()))?;
    let payload = value.get_mut("payload").map(serde_json::Value::take);
    payload.map(|payload| payload.to_string()).ok_or_else(|| unreadable("it has no payload".to_owned()))
}

fn event(row: &QueryResult) -> Result<Event, StorageError> {
    let seq = number(row.try_get("", "seq")?);
    let unreadable = |why: String| StorageError::Unreadable { what: format!("event {seq} of the log"), why };
    let kind: String = row.try_get("", "kind")?;
    let payload: String = row.try_get("", "payload")?;
    let actor: String = row.try_get("", "actor")?;
    let text = format!("{{\"kind\":\"{kind}\",\"payload\":{payload}}}");
    let mut json = serde_json::Deserializer::from_str(&text);
    // What came in was parsed within the limit, but an event nests it a few levels deeper. A log that could be written
    // must be readable.
    json.disable_recursion_limit();
    let body = EventBody::deserialize(&mut json).map_err(|error| unreadable(error.to_string()))?;
    let actor = Actor::try_from(actor).map_err(|error| unreadable(error.to_string()))?;
    Ok(Event { seq, at: timestamp(row.try_get("", "at")?), actor, body })
}
