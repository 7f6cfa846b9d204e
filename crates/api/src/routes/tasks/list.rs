//! `GET /tasks`.

use super::filter::Filter;
use crate::dto::task::Task;
use crate::extract::{List, PageQuery, Permitted, Query, may};
use crate::problem::Answer;
use axum::Json;

/// Tasks, newest first
#[utoipa::path(
    get,
    path = "/tasks",
    operation_id = "list_tasks",
    tag = "tasks",
    extensions(("x-permission" = json!("tasks:read"))),
    params(PageQuery, Filter),
    responses((status = 200, description = "The tasks", body = List<Task>)),
)]
pub(crate) async fn handler(
    permitted: Permitted<may::ReadTasks>,
    page: PageQuery,
    Query(filter): Query<Filter>,
) -> Answer<Json<List<Task>>> {
    let rows = permitted.tenant.tasks(&filter.wanted()?, page.by_id()?).await?;
    Ok(Json(List::page(rows, page.limit()?, |row| row.id, Task::from)))
}
