//! `DELETE /squads/{id}`.

use crate::extract::{Path, Permitted, may};
use crate::problem::{Answer, Code, Problem};
use axum::http::StatusCode;
use squad_domain::ids::SquadId;
use squad_storage::SquadDeletion;
use uuid::Uuid;

/// Deletes a squad
///
/// Only one that never had an execution; the others are archived, so that what they did keeps its name.
#[utoipa::path(
    delete,
    path = "/squads/{id}",
    operation_id = "delete_squad",
    tag = "squads",
    extensions(("x-permission" = json!("squads:write"))),
    params(("id" = Uuid, Path, description = "Which squad")),
    responses((status = 204, description = "It is gone, with its members")),
)]
pub(crate) async fn handler(
    permitted: Permitted<may::WriteSquads>,
    Path(id): Path<Uuid>,
) -> Answer<StatusCode> {
    match permitted.tenant.delete_squad(&permitted.author(), SquadId(id)).await? {
        SquadDeletion::Done { .. } => Ok(StatusCode::NO_CONTENT),
        SquadDeletion::HasExecutions => Err(Problem::new(
            Code::Conflict,
            "the squad has executions, which are kept; archive it instead: `PATCH` it with the status `archived`",
        )),
        SquadDeletion::NotFound => Err(Problem::not_found("squad")),
    }
}
