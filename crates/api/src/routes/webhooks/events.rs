//! `GET /webhooks/events`.

use crate::dto::webhook::WebhookEventKind;
use crate::extract::{List, Permitted, may};
use crate::problem::{Answer, Problem};
use axum::Json;
use squad_domain::Timestamp;
use squad_domain::webhook_event::WebhookEvent;
use squad_storage::NewWebhookEvent;

/// What webhooks can be told of, each with an example
#[utoipa::path(
    get,
    path = "/webhooks/events",
    operation_id = "list_webhook_events",
    tag = "webhooks",
    extensions(("x-permission" = json!("webhooks:manage"))),
    responses((status = 200, description = "The events", body = List<WebhookEventKind>)),
)]
pub(crate) async fn handler(
    permitted: Permitted<may::ManageWebhooks>,
) -> Answer<Json<List<WebhookEventKind>>> {
    let kinds = WebhookEvent::ALL.iter().map(|event| kind(*event, permitted.author().at));
    Ok(Json(List::whole(kinds.collect::<Answer<_>>()?)))
}

/// The example is what would be sent now, by the same code.
fn kind(event: WebhookEvent, at: Timestamp) -> Answer<WebhookEventKind> {
    let message = NewWebhookEvent::new(event.slug(), &event.example(), at)?;
    let example = serde_json::from_str(&message.payload).map_err(|_| Problem::internal())?;
    Ok(WebhookEventKind { name: event.slug(), description: event.description(), example })
}
