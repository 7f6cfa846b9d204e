//! `DELETE /tasks/{id}/attachments/{attachment_id}`.

use super::find;
use crate::extract::{Path, Permitted, may};
use crate::problem::{Answer, Problem};
use axum::http::StatusCode;
use uuid::Uuid;

/// Deletes an attachment
#[utoipa::path(
    delete,
    path = "/tasks/{id}/attachments/{attachment_id}",
    operation_id = "delete_task_attachment",
    tag = "tasks",
    extensions(("x-permission" = json!("tasks:write"))),
    params(
        ("id" = Uuid, Path, description = "Which task"),
        ("attachment_id" = Uuid, Path, description = "Which attachment"),
    ),
    responses((status = 204, description = "It is gone")),
)]
pub(crate) async fn handler(
    permitted: Permitted<may::WriteTasks>,
    Path((id, attachment)): Path<(Uuid, Uuid)>,
) -> Answer<StatusCode> {
    find(&permitted, id, attachment).await?;
    if permitted.tenant.delete_task_attachment(&permitted.author(), attachment).await? {
        return Ok(StatusCode::NO_CONTENT);
    }
    Err(Problem::not_found("attachment"))
}
