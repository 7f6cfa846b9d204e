//! `PUT /budget`, `PUT /squads/{id}/budget`.

use super::Budget;
use crate::dto::money;
use crate::extract::{Json, Path, Permitted, may};
use crate::problem::{Answer, Problem};
use garde::Validate;
use serde::Deserialize;
use squad_domain::ids::SquadId;
use utoipa::ToSchema;
use uuid::Uuid;

/// A limit.
#[derive(Debug, Deserialize, Validate, ToSchema)]
pub(crate) struct SetLimit {
    /// What may be spent in all, in US dollars, from the beginning; left out: anything.
    #[garde(custom(money::dollars))]
    #[schema(example = 100.0, minimum = 0, maximum = 1_000_000_000)]
    limit_usd: Option<f64>,
}

async fn set(
    permitted: &Permitted<may::ManageBudgets>,
    squad: Option<SquadId>,
    body: &SetLimit,
) -> Answer<axum::Json<Budget>> {
    let limit = body.limit_usd.map(money::micros);
    let none = || Problem::not_found("squad");
    if !permitted.tenant.set_budget(&permitted.author(), squad, limit).await? {
        return Err(none());
    }
    Ok(axum::Json(permitted.tenant.budget(squad).await?.ok_or_else(none)?.into()))
}

/// Sets the organization's budget
///
/// At once, for all that is under way: a model call that would go beyond it is not made, and a person is asked.
#[utoipa::path(
    put,
    path = "/budget",
    operation_id = "set_organization_budget",
    tag = "organizations",
    extensions(("x-permission" = json!("budgets:manage"))),
    request_body = SetLimit,
    responses((status = 200, description = "How it stands now", body = Budget)),
)]
pub(crate) async fn of_organization(
    permitted: Permitted<may::ManageBudgets>,
    Json(body): Json<SetLimit>,
) -> Answer<axum::Json<Budget>> {
    set(&permitted, None, &body).await
}

/// Sets a squad's budget
#[utoipa::path(
    put,
    path = "/squads/{id}/budget",
    operation_id = "set_squad_budget",
    tag = "squads",
    extensions(("x-permission" = json!("budgets:manage"))),
    params(("id" = Uuid, Path, description = "Which squad")),
    request_body = SetLimit,
    responses((status = 200, description = "How it stands now", body = Budget)),
)]
pub(crate) async fn of_squad(
    permitted: Permitted<may::ManageBudgets>,
    Path(id): Path<Uuid>,
    Json(body): Json<SetLimit>,
) -> Answer<axum::Json<Budget>> {
    set(&permitted, Some(SquadId(id)), &body).await
}
