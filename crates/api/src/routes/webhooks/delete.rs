//! `DELETE /webhooks/{id}`.

use crate::extract::{Path, Permitted, may};
use crate::problem::{Answer, Problem};
use axum::http::StatusCode;
use uuid::Uuid;

/// Deletes a webhook, and the log of what was sent to it
#[utoipa::path(
    delete,
    path = "/webhooks/{id}",
    operation_id = "delete_webhook",
    tag = "webhooks",
    extensions(("x-permission" = json!("webhooks:manage"))),
    params(("id" = Uuid, Path, description = "Which webhook")),
    responses((status = 204, description = "It is gone")),
)]
pub(crate) async fn handler(
    permitted: Permitted<may::ManageWebhooks>,
    Path(id): Path<Uuid>,
) -> Answer<StatusCode> {
    if !permitted.tenant.delete_webhook_endpoint(&permitted.author(), id).await? {
        return Err(Problem::not_found("webhook"));
    }
    Ok(StatusCode::NO_CONTENT)
}
