//! `GET /tasks/{id}/attachments`.

use crate::dto::task::TaskAttachment;
use crate::extract::{List, PageQuery, Path, Permitted, may};
use crate::problem::Answer;
use crate::routes::tasks::find;
use axum::Json;
use uuid::Uuid;

/// Attachments of a task, newest first
#[utoipa::path(
    get,
    path = "/tasks/{id}/attachments",
    operation_id = "list_task_attachments",
    tag = "tasks",
    extensions(("x-permission" = json!("tasks:read"))),
    params(("id" = Uuid, Path, description = "Which task"), PageQuery),
    responses((status = 200, description = "The attachments", body = List<TaskAttachment>)),
)]
pub(crate) async fn handler(
    permitted: Permitted<may::ReadTasks>,
    Path(id): Path<Uuid>,
    page: PageQuery,
) -> Answer<Json<List<TaskAttachment>>> {
    find(&permitted, id).await?;
    let rows = permitted.tenant.task_attachments(id, page.by_id()?).await?;
    Ok(Json(List::page(rows, page.limit()?, |row| row.id, TaskAttachment::from)))
}
