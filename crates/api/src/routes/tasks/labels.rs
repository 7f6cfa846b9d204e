//! `GET /tasks/labels`.

use crate::dto::task::TaskLabel;
use crate::extract::{List, Permitted, may};
use crate::problem::Answer;
use axum::Json;

/// Labels that tasks have
///
/// Those used most come first; at most 500.
#[utoipa::path(
    get,
    path = "/tasks/labels",
    operation_id = "list_task_labels",
    tag = "tasks",
    extensions(("x-permission" = json!("tasks:read"))),
    responses((status = 200, description = "The labels", body = List<TaskLabel>)),
)]
pub(crate) async fn handler(permitted: Permitted<may::ReadTasks>) -> Answer<Json<List<TaskLabel>>> {
    let labels = permitted.tenant.task_labels().await?;
    Ok(Json(List::whole(labels.into_iter().map(TaskLabel::from).collect())))
}
