//! `POST /tasks/{id}/comments`.

use super::CommentBody;
use crate::app::App;
use crate::dto::task::TaskComment;
use crate::extract::{Json, Path, Permitted, may};
use crate::problem::{Answer, Problem};
use axum::extract::State;
use axum::http::StatusCode;
use squad_storage::NewTaskComment;
use uuid::Uuid;

/// Comments on a task
#[utoipa::path(
    post,
    path = "/tasks/{id}/comments",
    operation_id = "create_task_comment",
    tag = "tasks",
    extensions(("x-permission" = json!("tasks:write"))),
    params(("id" = Uuid, Path, description = "Which task")),
    request_body = CommentBody,
    responses((status = 201, description = "The comment", body = TaskComment)),
)]
pub(crate) async fn handler(
    State(app): State<App>,
    permitted: Permitted<may::WriteTasks>,
    Path(id): Path<Uuid>,
    Json(CommentBody { body }): Json<CommentBody>,
) -> Answer<(StatusCode, axum::Json<TaskComment>)> {
    let comment = NewTaskComment { id: app.new_id(), task: id, body };
    let made = permitted.tenant.add_task_comment(&permitted.author(), comment).await?;
    let made = made.ok_or_else(|| Problem::not_found("task"))?;
    Ok((StatusCode::CREATED, axum::Json(made.into())))
}
