//! `GET /tasks/{id}/attachments/{attachment_id}`.

use super::find;
use crate::dto::task::TaskAttachment;
use crate::extract::{Path, Permitted, may};
use crate::problem::Answer;
use axum::Json;
use uuid::Uuid;

/// One attachment, without its bytes
#[utoipa::path(
    get,
    path = "/tasks/{id}/attachments/{attachment_id}",
    operation_id = "show_task_attachment",
    tag = "tasks",
    extensions(("x-permission" = json!("tasks:read"))),
    params(
        ("id" = Uuid, Path, description = "Which task"),
        ("attachment_id" = Uuid, Path, description = "Which attachment"),
    ),
    responses((status = 200, description = "The attachment", body = TaskAttachment)),
)]
pub(crate) async fn handler(
    permitted: Permitted<may::ReadTasks>,
    Path((id, attachment)): Path<(Uuid, Uuid)>,
) -> Answer<Json<TaskAttachment>> {
    Ok(Json(find(&permitted, id, attachment).await?.into()))
}
