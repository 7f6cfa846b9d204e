//! `GET /webhooks`.

use crate::dto::webhook::Webhook;
use crate::extract::{List, PageQuery, Permitted, may};
use crate::problem::Answer;
use axum::Json;

/// Webhooks, newest first
#[utoipa::path(
    get,
    path = "/webhooks",
    operation_id = "list_webhooks",
    tag = "webhooks",
    extensions(("x-permission" = json!("webhooks:manage"))),
    params(PageQuery),
    responses((status = 200, description = "The webhooks", body = List<Webhook>)),
)]
pub(crate) async fn handler(
    permitted: Permitted<may::ManageWebhooks>,
    page: PageQuery,
) -> Answer<Json<List<Webhook>>> {
    let rows = permitted.tenant.webhook_endpoints(page.by_id()?).await?;
    Ok(Json(List::page(rows, page.limit()?, |row| row.id, Webhook::from)))
}
