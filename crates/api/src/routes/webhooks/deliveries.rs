//! `GET /webhooks/{id}/deliveries`, `GET /webhooks/deliveries/{id}`.

use super::find;
use crate::dto::slugs;
use crate::dto::webhook::WebhookDelivery;
use crate::extract::{List, PageQuery, Path, Permitted, Query, may};
use crate::problem::{Answer, Problem};
use axum::Json;
use serde::Deserialize;
use squad_storage::{DeliveryState, UnknownDeliveryState, WebhookDeliveryRow};
use utoipa::IntoParams;
use uuid::Uuid;

/// Which deliveries.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct Filter {
    /// Only those in this state, such as `failed`.
    #[param(schema_with = slugs::delivery_state)]
    state: Option<String>,
}

impl Filter {
    fn state(&self) -> Answer<Option<DeliveryState>> {
        let state = self.state.as_deref().map(str::parse).transpose();
        state.map_err(|error: UnknownDeliveryState| Problem::field("state", error.to_string()))
    }
}

/// A delivery of the caller's organization.
pub(super) async fn find_delivery(
    permitted: &Permitted<may::ManageWebhooks>,
    id: Uuid,
) -> Answer<WebhookDeliveryRow> {
    permitted.tenant.webhook_delivery(id).await?.ok_or_else(|| Problem::not_found("delivery"))
}

/// What was sent to a webhook, newest first
///
/// Deliveries that are over are kept for a while, then forgotten.
#[utoipa::path(
    get,
    path = "/webhooks/{id}/deliveries",
    operation_id = "list_webhook_deliveries",
    tag = "webhooks",
    extensions(("x-permission" = json!("webhooks:manage"))),
    params(("id" = Uuid, Path, description = "Which webhook"), PageQuery, Filter),
    responses((status = 200, description = "The deliveries", body = List<WebhookDelivery>)),
)]
pub(crate) async fn list(
    permitted: Permitted<may::ManageWebhooks>,
    Path(id): Path<Uuid>,
    page: PageQuery,
    Query(filter): Query<Filter>,
) -> Answer<Json<List<WebhookDelivery>>> {
    let endpoint = find(&permitted, id).await?;
    let state = filter.state()?;
    let rows = permitted.tenant.webhook_deliveries(Some(endpoint.id), state, page.by_id()?).await?;
    Ok(Json(List::page(rows, page.limit()?, |row| row.id, WebhookDelivery::from)))
}

/// One delivery
#[utoipa::path(
    get,
    path = "/webhooks/deliveries/{id}",
    operation_id = "show_webhook_delivery",
    tag = "webhooks",
    extensions(("x-permission" = json!("webhooks:manage"))),
    params(("id" = Uuid, Path, description = "Which delivery")),
    responses((status = 200, description = "The delivery", body = WebhookDelivery)),
)]
pub(crate) async fn show(
    permitted: Permitted<may::ManageWebhooks>,
    Path(id): Path<Uuid>,
) -> Answer<Json<WebhookDelivery>> {
    Ok(Json(find_delivery(&permitted, id).await?.into()))
}
