//! `POST /webhooks/{id}/test`.

use super::find_active;
use crate::app::App;
use crate::dto::webhook::WebhookDelivery;
use crate::extract::{Path, Permitted, may};
use crate::problem::{Answer, Problem};
use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde_json::json;
use squad_storage::NewWebhookEvent;
use uuid::Uuid;

/// The type of the message. No event has this name.
const PING: &str = "ping";

/// Sends a `ping` to a webhook, whatever it is told of
#[utoipa::path(
    post,
    path = "/webhooks/{id}/test",
    operation_id = "test_webhook",
    tag = "webhooks",
    extensions(("x-permission" = json!("webhooks:manage"))),
    params(("id" = Uuid, Path, description = "Which webhook")),
    responses((status = 202, description = "The delivery, which is under way", body = WebhookDelivery)),
)]
pub(crate) async fn handler(
    State(app): State<App>,
    permitted: Permitted<may::ManageWebhooks>,
    Path(id): Path<Uuid>,
) -> Answer<(StatusCode, Json<WebhookDelivery>)> {
    let endpoint = find_active(&permitted, id).await?;
    let author = permitted.author();
    let ping = NewWebhookEvent::new(PING, &json!({ "webhook_id": endpoint.id }), author.at)?;
    let added = permitted.tenant.add_webhook_delivery(&author, endpoint.id, ping).await?;
    let delivery = added.ok_or_else(|| Problem::not_found("webhook"))?;
    app.wake();
    Ok((StatusCode::ACCEPTED, Json(delivery.into())))
}
