//! `GET /executions/{id}/feedback` and `GET /squads/{id}/feedback`.

use super::squad;
use crate::dto::feedback::Feedback;
use crate::extract::{List, PageQuery, Path, Permitted, may};
use crate::problem::{Answer, Problem};
use axum::Json;
use squad_domain::ids::ExecutionId;
use uuid::Uuid;

/// What people think of an execution, newest first
#[utoipa::path(
    get,
    path = "/executions/{id}/feedback",
    operation_id = "list_execution_feedback",
    tag = "feedback",
    extensions(("x-permission" = json!("executions:read"))),
    params(("id" = Uuid, Path, description = "Which execution"), PageQuery),
    responses((status = 200, description = "The feedback", body = List<Feedback>)),
)]
pub(crate) async fn of_execution(
    permitted: Permitted<may::ReadExecutions>,
    Path(id): Path<Uuid>,
    page: PageQuery,
) -> Answer<Json<List<Feedback>>> {
    let execution = ExecutionId(id);
    permitted.tenant.execution(execution).await?.ok_or_else(|| Problem::not_found("execution"))?;
    let rows = permitted.tenant.feedback_of_execution(execution, page.by_id()?).await?;
    Ok(Json(List::page(rows, page.limit()?, |row| row.id, Feedback::from)))
}

/// What people think of all that a squad did, newest first
#[utoipa::path(
    get,
    path = "/squads/{id}/feedback",
    operation_id = "list_squad_feedback",
    tag = "feedback",
    extensions(("x-permission" = json!("executions:read"))),
    params(("id" = Uuid, Path, description = "Which squad"), PageQuery),
    responses((status = 200, description = "The feedback", body = List<Feedback>)),
)]
pub(crate) async fn of_squad(
    permitted: Permitted<may::ReadExecutions>,
    Path(id): Path<Uuid>,
    page: PageQuery,
) -> Answer<Json<List<Feedback>>> {
    let squad = squad(&permitted, id).await?;
    let rows = permitted.tenant.feedback_of_squad(squad, page.by_id()?).await?;
    Ok(Json(List::page(rows, page.limit()?, |row| row.id, Feedback::from)))
}
