//! `GET /tasks/{id}/executions`.

use super::find;
use crate::dto::task::TaskExecution;
use crate::extract::{List, PageQuery, Path, Permitted, may};
use crate::problem::Answer;
use axum::Json;
use uuid::Uuid;

/// Executions that work or worked on a task, newest first
///
/// It tells of costs, so it takes the permission for executions.
#[utoipa::path(
    get,
    path = "/tasks/{id}/executions",
    operation_id = "list_task_executions",
    tag = "tasks",
    extensions(("x-permission" = json!("executions:read"))),
    params(("id" = Uuid, Path, description = "Which task"), PageQuery),
    responses((status = 200, description = "The executions", body = List<TaskExecution>)),
)]
pub(crate) async fn handler(
    permitted: Permitted<may::ReadExecutions>,
    Path(id): Path<Uuid>,
    page: PageQuery,
) -> Answer<Json<List<TaskExecution>>> {
    find(&permitted, id).await?;
    let rows = permitted.tenant.executions_of_task(id, page.by_id()?).await?;
    Ok(Json(List::page(rows, page.limit()?, |row| row.id.0, TaskExecution::from)))
}
