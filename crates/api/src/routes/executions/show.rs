//! `GET /executions/{id}`.

use super::find;
use crate::dto::execution::Execution;
use crate::extract::{Path, Permitted, may};
use crate::problem::Answer;
use axum::Json;
use uuid::Uuid;

/// One execution
#[utoipa::path(
    get,
    path = "/executions/{id}",
    operation_id = "show_execution",
    tag = "executions",
    extensions(("x-permission" = json!("executions:read"))),
    params(("id" = Uuid, Path, description = "Which execution")),
    responses((status = 200, description = "The execution", body = Execution)),
)]
pub(crate) async fn handler(
    permitted: Permitted<may::ReadExecutions>,
    Path(id): Path<Uuid>,
) -> Answer<Json<Execution>> {
    Ok(Json(find(&permitted, id).await?.into()))
}
