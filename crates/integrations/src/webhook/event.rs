//! What happened, as endpoints are told of it.

use serde::Serialize;
use serde_json::Value;
use squad_domain::Timestamp;
use squad_domain::ids::OrgId;
use squad_storage::{NewWebhookEvent, Storage, StorageError};
use time::format_description::well_known::Rfc3339;
use uuid::Uuid;

/// The body of a message, as the Standard Webhooks specification recommends it.
#[derive(Serialize)]
struct Body<'a> {
    #[serde(rename = "type")]
    kind: &'a str,
    timestamp: String,
    data: &'a Value,
}

/// An event cannot be written as the body of a message.
#[derive(Debug, thiserror::Error)]
pub enum WebhookBodyError {
    /// Its moment is no date that RFC 3339 can write.
    #[error("the moment of the event cannot be written: {0}")]
    Moment(#[from] time::error::Format),
    /// It is no JSON.
    #[error("the event cannot be written as JSON: {0}")]
    Json(#[from] serde_json::Error),
    /// The database failed.
    #[error(transparent)]
    Storage(#[from] StorageError),
}

/// An event with its body, `{"type": kind, "timestamp": at, "data": data}`, written once: every endpoint and every
/// attempt gets the same bytes.
///
/// # Errors
/// Where it cannot be written.
pub fn event_body(kind: &str, data: &Value, at: Timestamp) -> Result<NewWebhookEvent, WebhookBodyError> {
    let body = Body { kind, timestamp: at.format(&Rfc3339)?, data };
    Ok(NewWebhookEvent { kind: kind.to_owned(), payload: serde_json::to_string(&body)?, at })
}

/// Tells every endpoint of the organization that wants to know. Answers with the deliveries that were stored; wake the
/// runner ([`crate::jobs::Wake`]) where there are any.
///
/// # Errors
/// Where the event cannot be written, or the database fails.
pub async fn enqueue_event(
    storage: &Storage,
    org: OrgId,
    kind: &str,
    data: &Value,
    at: Timestamp,
) -> Result<Vec<Uuid>, WebhookBodyError> {
    let event = event_body(kind, data, at)?;
    Ok(storage.tenant(org).announce(event).await?)
}
