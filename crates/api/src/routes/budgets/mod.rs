//! What the organization and its squads may spend in all.

mod set;
mod show;

use crate::app::App;
use serde::Serialize;
use squad_domain::money::MicroUsd;
use squad_storage::BudgetRow;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(show::of_organization, set::of_organization))
        .routes(routes!(show::of_squad, set::of_squad))
}

/// How a budget stands.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Budget {
    /// What may be spent in all, in US dollars; absent: anything.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = 100.0)]
    limit_usd: Option<f64>,
    /// What was spent, in US dollars.
    #[schema(example = 12.5)]
    spent_usd: f64,
    /// What is set aside for calls that are under way, in US dollars.
    #[schema(example = 0.2)]
    reserved_usd: f64,
}

impl From<BudgetRow> for Budget {
    fn from(row: BudgetRow) -> Self {
        Self {
            limit_usd: row.limit.map(MicroUsd::dollars),
            spent_usd: row.spent.dollars(),
            reserved_usd: row.reserved.dollars(),
        }
    }
}
