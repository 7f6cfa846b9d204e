//! `DELETE /tasks/{id}`.

use crate::extract::{IfMatch, Path, Permitted, may};
use crate::problem::{Answer, Problem};
use axum::Json;
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Response};
use serde::Serialize;
use squad_storage::TaskRemoval;
use utoipa::ToSchema;
use uuid::Uuid;

/// A task that was put away, because executions worked on it.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ArchivedTask {
    /// Always so.
    #[schema(example = true)]
    archived: bool,
}

/// Deletes a task
///
/// With its comments and attachments. One that executions worked on is put away instead.
#[utoipa::path(
    delete,
    path = "/tasks/{id}",
    operation_id = "delete_task",
    tag = "tasks",
    extensions(("x-permission" = json!("tasks:write"))),
    params(
        ("id" = Uuid, Path, description = "Which task"),
        ("If-Match" = Option<String>, Header, description = "The `ETag` that the decision was made for"),
    ),
    responses(
        (status = 204, description = "It is gone"),
        (status = 200, description = "Executions worked on it, so it is put away", body = ArchivedTask),
    ),
)]
pub(crate) async fn handler(
    permitted: Permitted<may::WriteTasks>,
    Path(id): Path<Uuid>,
    IfMatch(expected): IfMatch,
) -> Answer<Response> {
    match permitted.tenant.delete_task(&permitted.author(), id, expected).await? {
        TaskRemoval::Deleted => Ok(StatusCode::NO_CONTENT.into_response()),
        TaskRemoval::Archived(_) => Ok(Json(ArchivedTask { archived: true }).into_response()),
        TaskRemoval::Stale(task) => Err(Problem::stale(task.version)),
        TaskRemoval::NotFound => Err(Problem::not_found("task")),
    }
}
