//! `GET /budget`, `GET /squads/{id}/budget`.

use super::Budget;
use crate::extract::{Path, Permitted, may};
use crate::problem::{Answer, Problem};
use axum::Json;
use squad_domain::ids::SquadId;
use uuid::Uuid;

/// The organization's budget
#[utoipa::path(
    get,
    path = "/budget",
    operation_id = "show_organization_budget",
    tag = "organizations",
    extensions(("x-permission" = json!("org:read"))),
    responses((status = 200, description = "How it stands", body = Budget)),
)]
pub(crate) async fn of_organization(permitted: Permitted<may::ReadOrg>) -> Answer<Json<Budget>> {
    let row = permitted.tenant.budget(None).await?;
    Ok(Json(row.ok_or_else(|| Problem::not_found("organization"))?.into()))
}

/// A squad's budget
///
/// What all of its executions together may spend. Each execution has a limit of its own beside this.
#[utoipa::path(
    get,
    path = "/squads/{id}/budget",
    operation_id = "show_squad_budget",
    tag = "squads",
    extensions(("x-permission" = json!("squads:read"))),
    params(("id" = Uuid, Path, description = "Which squad")),
    responses((status = 200, description = "How it stands", body = Budget)),
)]
pub(crate) async fn of_squad(
    permitted: Permitted<may::ReadSquads>,
    Path(id): Path<Uuid>,
) -> Answer<Json<Budget>> {
    let row = permitted.tenant.budget(Some(SquadId(id))).await?;
    Ok(Json(row.ok_or_else(|| Problem::not_found("squad"))?.into()))
}
