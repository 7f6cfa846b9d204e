//! `GET /executions/{id}/messages/statistics` and `GET /squads/{id}/messages/statistics`.

use super::{check, in_execution, in_squad};
use crate::dto::message::MessageStatistics;
use crate::extract::{Path, Permitted, may};
use crate::problem::Answer;
use axum::Json;
use squad_storage::MessageScope;
use uuid::Uuid;

/// Who sent how many messages to whom in an execution
#[utoipa::path(
    get,
    path = "/executions/{id}/messages/statistics",
    operation_id = "show_execution_message_statistics",
    tag = "messages",
    extensions(("x-permission" = json!("executions:read"))),
    params(("id" = Uuid, Path, description = "Which execution")),
    responses((status = 200, description = "The counts", body = MessageStatistics)),
)]
pub(crate) async fn of_execution(
    permitted: Permitted<may::ReadExecutions>,
    Path(id): Path<Uuid>,
) -> Answer<Json<MessageStatistics>> {
    answer(&permitted, in_execution(id)).await
}

/// Who sent how many messages to whom in all executions of a squad
#[utoipa::path(
    get,
    path = "/squads/{id}/messages/statistics",
    operation_id = "show_squad_message_statistics",
    tag = "messages",
    extensions(("x-permission" = json!("executions:read"))),
    params(("id" = Uuid, Path, description = "Which squad")),
    responses((status = 200, description = "The counts", body = MessageStatistics)),
)]
pub(crate) async fn of_squad(
    permitted: Permitted<may::ReadExecutions>,
    Path(id): Path<Uuid>,
) -> Answer<Json<MessageStatistics>> {
    answer(&permitted, in_squad(id)).await
}

async fn answer(
    permitted: &Permitted<may::ReadExecutions>,
    scope: MessageScope,
) -> Answer<Json<MessageStatistics>> {
    check(permitted, scope).await?;
    Ok(Json(permitted.tenant.message_statistics(scope).await?.into()))
}
