//! `DELETE /tasks/{id}/comments/{comment_id}`.

use super::own;
use crate::extract::{Path, Permitted, may};
use crate::problem::{Answer, Problem};
use axum::http::StatusCode;
use uuid::Uuid;

/// Deletes a comment
///
/// One's own; admins may delete anybody's.
#[utoipa::path(
    delete,
    path = "/tasks/{id}/comments/{comment_id}",
    operation_id = "delete_task_comment",
    tag = "tasks",
    extensions(("x-permission" = json!("tasks:write"))),
    params(
        ("id" = Uuid, Path, description = "Which task"),
        ("comment_id" = Uuid, Path, description = "Which comment"),
    ),
    responses((status = 204, description = "It is gone")),
)]
pub(crate) async fn handler(
    permitted: Permitted<may::WriteTasks>,
    Path((id, comment)): Path<(Uuid, Uuid)>,
) -> Answer<StatusCode> {
    own(&permitted, id, comment).await?;
    if permitted.tenant.delete_task_comment(&permitted.author(), comment).await? {
        return Ok(StatusCode::NO_CONTENT);
    }
    Err(Problem::not_found("comment"))
}
