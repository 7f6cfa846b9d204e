//! What has to be done now and then, whoever asks for what.

use crate::app::App;
use std::time::Duration;

/// How often.
const EVERY: Duration = Duration::from_secs(600);

/// Forgets what is too old to matter and lets the next signing key take over when its time has come, until the server ends.
pub async fn housekeeping(app: App) {
    loop {
        tokio::select! {
            () = app.stop().cancelled() => return,
            () = tokio::time::sleep(EVERY) => {}
        }
        app.limits().tidy();
        let now = app.now();
        if let Err(error) = app.storage().prune_requests(now).await {
            tracing::warn!(%error, "old idempotency keys could not be forgotten");
        }
        if app.keys().is_due(now)
            && let Err(error) = app.keys().rotate(now).await
        {
            tracing::warn!(%error, "the next signing key could not be made");
        }
    }
}
