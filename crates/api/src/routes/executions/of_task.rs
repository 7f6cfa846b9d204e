//! `POST /tasks/{id}/executions`.

use super::prepare::{Wish, start};
use super::start::model;
use crate::app::App;
use crate::dto::execution::Execution;
use crate::dto::{money, rules};
use crate::extract::{Json, Path, Permitted, may};
use crate::problem::{Answer, Problem};
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::IntoResponse;
use garde::Validate;
use serde::Deserialize;
use squad_domain::ids::SquadId;
use squad_domain::task::Task;
use utoipa::ToSchema;
use uuid::Uuid;

/// What is not the task's own.
#[derive(Debug, Deserialize, Validate, ToSchema)]
pub(crate) struct StartTask {
    /// Who works on it; the task's squad where it is left out.
    #[garde(skip)]
    squad_id: Option<Uuid>,
    /// The branch to make; made from the title where it is left out.
    #[garde(custom(rules::optional_at_most::<200>))]
    #[schema(example = "squad/discount", max_length = 200)]
    branch: Option<String>,
    /// What it may cost, in US dollars.
    #[garde(custom(money::dollars))]
    #[schema(example = 2.5, minimum = 0)]
    budget_usd: Option<f64>,
    /// One model for everything, as `provider/model`; otherwise the squad's own, or the installation's.
    #[garde(custom(rules::optional_at_most::<200>))]
    #[schema(example = "anthropic/claude-sonnet-4-5", max_length = 200)]
    model: Option<String>,
}

/// Lets a squad work on a task
///
/// On the repository of the task's project. It is `pending` until a worker takes it up.
#[utoipa::path(
    post,
    path = "/tasks/{id}/executions",
    operation_id = "start_task",
    tag = "executions",
    extensions(("x-permission" = json!("executions:start"))),
    params(("id" = Uuid, Path, description = "Which task")),
    request_body = StartTask,
    responses((status = 201, description = "It is started", body = Execution, headers(("location" = String, description = "Its address")))),
)]
pub(crate) async fn handler(
    State(app): State<App>,
    permitted: Permitted<may::StartExecutions>,
    Path(id): Path<Uuid>,
    Json(body): Json<StartTask>,
) -> Answer<impl IntoResponse> {
    let task = permitted.tenant.task(id).await?.ok_or_else(|| Problem::not_found("task"))?;
    let squad = body.squad_id.map(SquadId).or(task.squad);
    let wish = Wish {
        squad: squad
            .ok_or_else(|| Problem::field("squad_id", "the task has no squad: say who works on it"))?,
        project: task.project,
        repository: None,
        task: Task { title: task.title, description: task.description },
        branch: body.branch,
        budget: body.budget_usd.map(money::micros),
        model: body.model.as_deref().map(model).transpose()?,
    };
    let row = start(&app, &permitted, wish).await?;
    permitted.tenant.set_execution_task(&permitted.author(), row.id, Some(id)).await?;
    let location = [(header::LOCATION, format!("/api/v1/executions/{}", row.id))];
    Ok((StatusCode::CREATED, location, axum::Json(Execution::from(row))))
}
