//! `PATCH /webhooks/{id}`.

use super::fit_url;
use crate::app::App;
use crate::dto::webhook::{UpdateWebhook, Webhook, distinct};
use crate::extract::{IfMatch, Json, Path, Permitted, Versioned, may};
use crate::problem::{Answer, Problem};
use axum::extract::State;
use squad_storage::{Change, WebhookEndpointChange};
use uuid::Uuid;

/// Changes a webhook
#[utoipa::path(
    patch,
    path = "/webhooks/{id}",
    operation_id = "update_webhook",
    tag = "webhooks",
    extensions(("x-permission" = json!("webhooks:manage"))),
    params(("id" = Uuid, Path, description = "Which webhook")),
    request_body = UpdateWebhook,
    responses((status = 200, description = "The webhook as it is now", body = Webhook)),
)]
pub(crate) async fn handler(
    State(app): State<App>,
    permitted: Permitted<may::ManageWebhooks>,
    Path(id): Path<Uuid>,
    IfMatch(expected): IfMatch,
    Json(body): Json<UpdateWebhook>,
) -> Answer<Versioned<Webhook>> {
    let change = WebhookEndpointChange {
        url: body.url.map(|url| fit_url(&app, &url)).transpose()?,
        description: body.description,
        events: body.events.as_deref().map(distinct),
        active: body.active,
    };
    match permitted.tenant.update_webhook_endpoint(&permitted.author(), id, expected, change).await? {
        Change::Done(row) => Ok(Versioned(row.version, row.into())),
        Change::Stale(row) => Err(Problem::stale(row.version)),
        Change::NotFound => Err(Problem::not_found("webhook")),
    }
}
