//! `GET /squads/{id}/ratings`.

use super::squad;
use crate::dto::feedback::SquadRatings;
use crate::extract::{Path, Permitted, may};
use crate::problem::Answer;
use axum::Json;
use uuid::Uuid;

/// How a squad and its members are rated
#[utoipa::path(
    get,
    path = "/squads/{id}/ratings",
    operation_id = "show_squad_ratings",
    tag = "feedback",
    extensions(("x-permission" = json!("executions:read"))),
    params(("id" = Uuid, Path, description = "Which squad")),
    responses((status = 200, description = "The ratings", body = SquadRatings)),
)]
pub(crate) async fn handler(
    permitted: Permitted<may::ReadExecutions>,
    Path(id): Path<Uuid>,
) -> Answer<Json<SquadRatings>> {
    let squad = squad(&permitted, id).await?;
    Ok(Json(permitted.tenant.squad_ratings(squad).await?.into()))
}
