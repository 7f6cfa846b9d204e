//! `GET /executions/{id}/messages/{seq}`.

use crate::dto::message::Message;
use crate::extract::{Path, Permitted, may};
use crate::problem::{Answer, Problem};
use axum::Json;
use squad_domain::ids::ExecutionId;
use uuid::Uuid;

/// One message
#[utoipa::path(
    get,
    path = "/executions/{id}/messages/{seq}",
    operation_id = "show_message",
    tag = "messages",
    extensions(("x-permission" = json!("executions:read"))),
    params(
        ("id" = Uuid, Path, description = "Which execution"),
        ("seq" = u64, Path, description = "Which event of it", minimum = 1),
    ),
    responses((status = 200, description = "The message", body = Message)),
)]
pub(crate) async fn handler(
    permitted: Permitted<may::ReadExecutions>,
    Path((id, seq)): Path<(Uuid, u64)>,
) -> Answer<Json<Message>> {
    let found = permitted.tenant.message(ExecutionId(id), seq).await?;
    Ok(Json(found.ok_or_else(|| Problem::not_found("message"))?.into()))
}
