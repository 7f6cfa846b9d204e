//! `DELETE /api-keys/{id}`.

use super::reach;
use crate::extract::{Path, Permitted, may};
use crate::problem::{Answer, Problem};
use axum::http::StatusCode;
use uuid::Uuid;

/// Revokes an API key
///
/// For good, and at once. Who manages members revokes anybody's.
#[utoipa::path(
    delete,
    path = "/api-keys/{id}",
    operation_id = "revoke_api_key",
    tag = "account",
    extensions(("x-permission" = json!("api_keys:manage"))),
    params(("id" = Uuid, Path, description = "Which key")),
    responses((status = 204, description = "It is good no more")),
)]
pub(crate) async fn handler(
    permitted: Permitted<may::ManageApiKeys>,
    Path(id): Path<Uuid>,
) -> Answer<StatusCode> {
    if permitted.tenant.revoke_api_key(&permitted.author(), reach(&permitted), id).await? {
        return Ok(StatusCode::NO_CONTENT);
    }
    Err(Problem::not_found("API key"))
}
