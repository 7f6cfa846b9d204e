//! `GET /squads/{id}/cost`.

use crate::dto::squad::SquadCost;
use crate::extract::{Path, Permitted, may};
use crate::problem::{Answer, Problem};
use axum::Json;
use squad_domain::ids::SquadId;
use uuid::Uuid;

/// What a squad has cost so far
#[utoipa::path(
    get,
    path = "/squads/{id}/cost",
    operation_id = "show_squad_cost",
    tag = "squads",
    extensions(("x-permission" = json!("squads:read"))),
    params(("id" = Uuid, Path, description = "Which squad")),
    responses((status = 200, description = "The cost", body = SquadCost)),
)]
pub(crate) async fn handler(
    permitted: Permitted<may::ReadSquads>,
    Path(id): Path<Uuid>,
) -> Answer<Json<SquadCost>> {
    let cost = permitted.tenant.squad_cost(SquadId(id)).await?;
    cost.map(|cost| Json(cost.into())).ok_or_else(|| Problem::not_found("squad"))
}
