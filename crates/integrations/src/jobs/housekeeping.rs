//! What is forgotten in time.

use squad_domain::Timestamp;
use squad_storage::{Storage, StorageError};
use std::time::Duration;

/// How often it is done.
pub(super) const EVERY: Duration = Duration::from_secs(3600);

/// How long a mail that was not sent is kept: the outbox has given it up by then, and a link in it is good no more.
const MAILS: Duration = Duration::from_secs(24 * 3600);

/// How long the log of a delivery that is over is kept.
const DELIVERIES: Duration = Duration::from_secs(30 * 24 * 3600);

pub(super) async fn tidy(storage: &Storage, now: Timestamp) -> Result<(), StorageError> {
    let mails = storage.forget_mails(now - MAILS).await?;
    let deliveries = storage.forget_webhook_deliveries(now - DELIVERIES).await?;
    tracing::debug!(mails, deliveries, "forgot what was too old");
    Ok(())
}
