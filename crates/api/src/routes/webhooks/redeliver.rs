//! `POST /webhooks/deliveries/{id}/redeliver`.

use super::deliveries::find_delivery;
use super::find_active;
use crate::app::App;
use crate::dto::webhook::WebhookDelivery;
use crate::extract::{Path, Permitted, may};
use crate::problem::{Answer, Problem};
use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use uuid::Uuid;

/// Sends a message again
///
/// As a delivery of its own, with the same body and the same `webhook-id`: whoever has had it can tell.
#[utoipa::path(
    post,
    path = "/webhooks/deliveries/{id}/redeliver",
    operation_id = "redeliver_webhook",
    tag = "webhooks",
    extensions(("x-permission" = json!("webhooks:manage"))),
    params(("id" = Uuid, Path, description = "Which delivery")),
    responses((status = 202, description = "The new delivery, which is under way", body = WebhookDelivery)),
)]
pub(crate) async fn handler(
    State(app): State<App>,
    permitted: Permitted<may::ManageWebhooks>,
    Path(id): Path<Uuid>,
) -> Answer<(StatusCode, Json<WebhookDelivery>)> {
    let earlier = find_delivery(&permitted, id).await?;
    find_active(&permitted, earlier.endpoint).await?;
    let again = permitted.tenant.redeliver_webhook(&permitted.author(), id).await?;
    let delivery = again.ok_or_else(|| Problem::not_found("delivery"))?;
    app.wake();
    Ok((StatusCode::ACCEPTED, Json(delivery.into())))
}
