//! `POST /webhooks/{id}/rotate-secret`.

use crate::app::App;
use crate::dto::webhook::WebhookWithSecret;
use crate::extract::{Path, Permitted, Versioned, may};
use crate::problem::{Answer, Problem};
use axum::extract::State;
use squad_integrations::webhook::seal_secret;
use squad_secrets::webhook::WebhookSecret;
use std::time::Duration;
use uuid::Uuid;

/// How long the secret before signs beside the new one: time enough to bring the new one to every receiver.
const OVERLAP: Duration = Duration::from_secs(24 * 3600);

/// Gives a webhook a new secret
///
/// The answer holds it; it is not shown again. For 24 hours messages are signed with both, the old one and the new one.
#[utoipa::path(
    post,
    path = "/webhooks/{id}/rotate-secret",
    operation_id = "rotate_webhook_secret",
    tag = "webhooks",
    extensions(("x-permission" = json!("webhooks:manage"))),
    params(("id" = Uuid, Path, description = "Which webhook")),
    responses((status = 200, description = "The webhook, with its new secret", body = WebhookWithSecret)),
)]
pub(crate) async fn handler(
    State(app): State<App>,
    permitted: Permitted<may::ManageWebhooks>,
    Path(id): Path<Uuid>,
) -> Answer<Versioned<WebhookWithSecret>> {
    let (author, secret) = (permitted.author(), WebhookSecret::generate());
    let sealed = seal_secret(app.master(), permitted.org(), id, &secret);
    let until = author.at + OVERLAP;
    let rotated = permitted.tenant.rotate_webhook_secret(&author, id, &sealed, until).await?;
    let row = rotated.ok_or_else(|| Problem::not_found("webhook"))?;
    let version = row.version;
    Ok(Versioned(version, WebhookWithSecret { webhook: row.into(), secret: secret.to_text().to_string() }))
}
