//! `GET /webhooks/{id}`.

use super::find;
use crate::dto::webhook::Webhook;
use crate::extract::{Path, Permitted, Versioned, may};
use crate::problem::Answer;
use uuid::Uuid;

/// One webhook
#[utoipa::path(
    get,
    path = "/webhooks/{id}",
    operation_id = "show_webhook",
    tag = "webhooks",
    extensions(("x-permission" = json!("webhooks:manage"))),
    params(("id" = Uuid, Path, description = "Which webhook")),
    responses((status = 200, description = "The webhook", body = Webhook)),
)]
pub(crate) async fn handler(
    permitted: Permitted<may::ManageWebhooks>,
    Path(id): Path<Uuid>,
) -> Answer<Versioned<Webhook>> {
    let row = find(&permitted, id).await?;
    Ok(Versioned(row.version, row.into()))
}
