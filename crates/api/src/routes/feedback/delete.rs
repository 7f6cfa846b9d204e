//! `DELETE /feedback/{id}`.

use crate::extract::{Path, Permitted, may};
use crate::problem::{Answer, Problem};
use axum::http::StatusCode;
use uuid::Uuid;

/// Takes one's own feedback back
#[utoipa::path(
    delete,
    path = "/feedback/{id}",
    operation_id = "delete_feedback",
    tag = "feedback",
    extensions(("x-permission" = json!("feedback:write"))),
    params(("id" = Uuid, Path, description = "Which feedback; somebody else's is not found")),
    responses((status = 204, description = "It is gone")),
)]
pub(crate) async fn handler(
    permitted: Permitted<may::GiveFeedback>,
    Path(id): Path<Uuid>,
) -> Answer<StatusCode> {
    let user = permitted.caller.user.id;
    if permitted.tenant.delete_feedback(&permitted.author(), id, user).await? {
        return Ok(StatusCode::NO_CONTENT);
    }
    Err(Problem::not_found("feedback"))
}
