//! `GET /api-keys/{id}`.

use super::reach;
use crate::dto::api_key::ApiKey;
use crate::extract::{Path, Permitted, may};
use crate::problem::{Answer, Problem};
use axum::Json;
use uuid::Uuid;

/// One API key
///
/// Without its secret, which nobody can read again.
#[utoipa::path(
    get,
    path = "/api-keys/{id}",
    operation_id = "show_api_key",
    tag = "account",
    extensions(("x-permission" = json!("api_keys:manage"))),
    params(("id" = Uuid, Path, description = "Which key")),
    responses((status = 200, description = "The key", body = ApiKey)),
)]
pub(crate) async fn handler(
    permitted: Permitted<may::ManageApiKeys>,
    Path(id): Path<Uuid>,
) -> Answer<Json<ApiKey>> {
    let found = permitted.tenant.api_key(reach(&permitted), id).await?;
    Ok(Json(found.ok_or_else(|| Problem::not_found("API key"))?.into()))
}
