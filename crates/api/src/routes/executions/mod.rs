//! Squads at work.

mod events;
mod list;
mod show;

use crate::app::App;
use crate::extract::Permitted;
use crate::problem::{Answer, Problem};
use squad_domain::ids::ExecutionId;
use squad_storage::ExecutionRow;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use uuid::Uuid;

pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(list::handler))
        .routes(routes!(show::handler))
        .routes(routes!(events::of_execution))
        .routes(routes!(events::of_squad))
        .routes(routes!(events::of_organization))
}

/// An execution of the caller's organization.
pub(super) async fn find<P>(permitted: &Permitted<P>, id: Uuid) -> Answer<ExecutionRow> {
    let found = permitted.tenant.execution(ExecutionId(id)).await?;
    found.ok_or_else(|| Problem::not_found("execution"))
}
