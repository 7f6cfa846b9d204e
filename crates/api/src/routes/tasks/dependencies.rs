//! `GET` and `POST /tasks/{id}/dependencies`, `DELETE /tasks/{id}/dependencies/{depends_on}`.

use super::find;
use crate::dto::task::TaskDependencies;
use crate::extract::{Json, Path, Permitted, may};
use crate::problem::{Answer, Problem};
use axum::http::StatusCode;
use garde::Validate;
use serde::Deserialize;
use squad_storage::{TaskError, TaskRefusal};
use utoipa::ToSchema;
use uuid::Uuid;

/// What a task waits for, and what waits for it
#[utoipa::path(
    get,
    path = "/tasks/{id}/dependencies",
    operation_id = "list_task_dependencies",
    tag = "tasks",
    extensions(("x-permission" = json!("tasks:read"))),
    params(("id" = Uuid, Path, description = "Which task")),
    responses((status = 200, description = "The tasks on both sides", body = TaskDependencies)),
)]
pub(crate) async fn list(
    permitted: Permitted<may::ReadTasks>,
    Path(id): Path<Uuid>,
) -> Answer<axum::Json<TaskDependencies>> {
    find(&permitted, id).await?;
    Ok(axum::Json(permitted.tenant.task_dependencies(id).await?.into()))
}

/// What a task shall wait for.
#[derive(Debug, Deserialize, Validate, ToSchema)]
pub(crate) struct AddDependency {
    /// The task that comes first.
    #[garde(skip)]
    depends_on: Uuid,
}

/// Lets a task wait for another one
///
/// Refused where the other one waits for this one already, over others or not.
#[utoipa::path(
    post,
    path = "/tasks/{id}/dependencies",
    operation_id = "add_task_dependency",
    tag = "tasks",
    extensions(("x-permission" = json!("tasks:write"))),
    params(("id" = Uuid, Path, description = "Which task")),
    request_body = AddDependency,
    responses(
        (status = 201, description = "It waits now; the tasks on both sides", body = TaskDependencies),
        (status = 200, description = "It waited already; the tasks on both sides", body = TaskDependencies),
    ),
)]
pub(crate) async fn add(
    permitted: Permitted<may::WriteTasks>,
    Path(id): Path<Uuid>,
    Json(AddDependency { depends_on }): Json<AddDependency>,
) -> Answer<(StatusCode, axum::Json<TaskDependencies>)> {
    let added = permitted.tenant.add_task_dependency(&permitted.author(), id, depends_on).await;
    let added = added.map_err(|error| match error {
        TaskError::Refused(refusal @ TaskRefusal::UnknownTask(other)) if other != id => {
            Problem::field("depends_on", refusal.to_string())
        }
        error => error.into(),
    })?;
    let now = permitted.tenant.task_dependencies(id).await?;
    let status = if added { StatusCode::CREATED } else { StatusCode::OK };
    Ok((status, axum::Json(now.into())))
}

/// Lets a task wait for another one no more
#[utoipa::path(
    delete,
    path = "/tasks/{id}/dependencies/{depends_on}",
    operation_id = "remove_task_dependency",
    tag = "tasks",
    extensions(("x-permission" = json!("tasks:write"))),
    params(
        ("id" = Uuid, Path, description = "Which task"),
        ("depends_on" = Uuid, Path, description = "The task that it waits for"),
    ),
    responses((status = 204, description = "It does not wait any more")),
)]
pub(crate) async fn remove(
    permitted: Permitted<may::WriteTasks>,
    Path((id, depends_on)): Path<(Uuid, Uuid)>,
) -> Answer<StatusCode> {
    if permitted.tenant.remove_task_dependency(&permitted.author(), id, depends_on).await? {
        return Ok(StatusCode::NO_CONTENT);
    }
    Err(Problem::not_found("dependency"))
}
