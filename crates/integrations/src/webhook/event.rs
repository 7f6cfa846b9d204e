//! What happened, as endpoints are told of it.

use serde::Serialize;
use squad_domain::Timestamp;
use squad_domain::ids::OrgId;
use squad_storage::{NewWebhookEvent, Storage, StorageError};
use uuid::Uuid;

/// Tells every endpoint of the organization that wants to know. Answers with the deliveries that were stored; wake the
/// runner ([`crate::jobs::Wake`]) where there are any.
///
/// # Errors
/// Where the event cannot be written, or the database fails.
pub async fn enqueue_event<T: Serialize>(
    storage: &Storage,
    org: OrgId,
    kind: &str,
    data: &T,
    at: Timestamp,
) -> Result<Vec<Uuid>, StorageError> {
    storage.tenant(org).announce(NewWebhookEvent::new(kind, data, at)?).await
}
