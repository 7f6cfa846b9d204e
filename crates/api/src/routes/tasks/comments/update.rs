//! `PATCH /tasks/{id}/comments/{comment_id}`.

use super::{CommentBody, own};
use crate::dto::task::TaskComment;
use crate::extract::{Json, Path, Permitted, may};
use crate::problem::{Answer, Problem};
use uuid::Uuid;

/// Changes the words of a comment
///
/// One's own; admins may change anybody's.
#[utoipa::path(
    patch,
    path = "/tasks/{id}/comments/{comment_id}",
    operation_id = "update_task_comment",
    tag = "tasks",
    extensions(("x-permission" = json!("tasks:write"))),
    params(
        ("id" = Uuid, Path, description = "Which task"),
        ("comment_id" = Uuid, Path, description = "Which comment"),
    ),
    request_body = CommentBody,
    responses((status = 200, description = "The comment as it is now", body = TaskComment)),
)]
pub(crate) async fn handler(
    permitted: Permitted<may::WriteTasks>,
    Path((id, comment)): Path<(Uuid, Uuid)>,
    Json(CommentBody { body }): Json<CommentBody>,
) -> Answer<axum::Json<TaskComment>> {
    own(&permitted, id, comment).await?;
    let now = permitted.tenant.update_task_comment(&permitted.author(), comment, &body).await?;
    Ok(axum::Json(now.ok_or_else(|| Problem::not_found("comment"))?.into()))
}
