//! `GET /tasks/{id}`, and by the other names of a task.

use super::find;
use crate::dto::task::Task;
use crate::extract::{Path, Permitted, Query, Versioned, may};
use crate::problem::{Answer, Problem};
use serde::Deserialize;
use utoipa::IntoParams;
use uuid::Uuid;

/// One task
#[utoipa::path(
    get,
    path = "/tasks/{id}",
    operation_id = "show_task",
    tag = "tasks",
    extensions(("x-permission" = json!("tasks:read"))),
    params(("id" = Uuid, Path, description = "Which task")),
    responses((
        status = 200,
        description = "The task",
        body = Task,
        headers(("ETag" = String, description = "Its version")),
    )),
)]
pub(crate) async fn handler(
    permitted: Permitted<may::ReadTasks>,
    Path(id): Path<Uuid>,
) -> Answer<Versioned<Task>> {
    let task = find(&permitted, id).await?;
    Ok(Versioned(task.version, task.into()))
}

/// The task of a number
///
/// The number is what people say: `12` for `#12`.
#[utoipa::path(
    get,
    path = "/tasks/by-number/{number}",
    operation_id = "show_task_by_number",
    tag = "tasks",
    extensions(("x-permission" = json!("tasks:read"))),
    params(("number" = u64, Path, description = "Which task", minimum = 1, example = 12)),
    responses((
        status = 200,
        description = "The task",
        body = Task,
        headers(("ETag" = String, description = "Its version")),
    )),
)]
pub(crate) async fn by_number(
    permitted: Permitted<may::ReadTasks>,
    Path(number): Path<u64>,
) -> Answer<Versioned<Task>> {
    let task = permitted.tenant.task_numbered(number).await?.ok_or_else(|| Problem::not_found("task"))?;
    Ok(Versioned(task.version, task.into()))
}

/// What a task is called elsewhere.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct External {
    /// Its id there.
    #[param(example = "github:analytical/engines#12")]
    external_id: String,
}

/// The task that is called so elsewhere
#[utoipa::path(
    get,
    path = "/tasks/by-external-id",
    operation_id = "show_task_by_external_id",
    tag = "tasks",
    extensions(("x-permission" = json!("tasks:read"))),
    params(External),
    responses((
        status = 200,
        description = "The task",
        body = Task,
        headers(("ETag" = String, description = "Its version")),
    )),
)]
pub(crate) async fn by_external_id(
    permitted: Permitted<may::ReadTasks>,
    Query(External { external_id }): Query<External>,
) -> Answer<Versioned<Task>> {
    let task = permitted.tenant.task_of_external_id(&external_id).await?;
    let task = task.ok_or_else(|| Problem::not_found("task"))?;
    Ok(Versioned(task.version, task.into()))
}
