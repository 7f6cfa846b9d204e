//! `GET /tasks/{id}/comments`.

use crate::dto::task::TaskComment;
use crate::extract::{List, PageQuery, Path, Permitted, may};
use crate::problem::Answer;
use crate::routes::tasks::find;
use axum::Json;
use uuid::Uuid;

/// Comments on a task, oldest first
#[utoipa::path(
    get,
    path = "/tasks/{id}/comments",
    operation_id = "list_task_comments",
    tag = "tasks",
    extensions(("x-permission" = json!("tasks:read"))),
    params(("id" = Uuid, Path, description = "Which task"), PageQuery),
    responses((status = 200, description = "The comments", body = List<TaskComment>)),
)]
pub(crate) async fn handler(
    permitted: Permitted<may::ReadTasks>,
    Path(id): Path<Uuid>,
    page: PageQuery,
) -> Answer<Json<List<TaskComment>>> {
    find(&permitted, id).await?;
    let limit = page.limit()?;
    let rows = permitted.tenant.task_comments(id, page.place()?, limit + 1).await?;
    Ok(Json(List::page(rows, limit, |row| row.id, TaskComment::from)))
}
