//! What people think of the work.

mod delete;
mod give;
mod list;
mod ratings;

use crate::app::App;
use crate::extract::Permitted;
use crate::problem::{Answer, Problem};
use squad_domain::ids::SquadId;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use uuid::Uuid;

pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(give::handler, list::of_execution))
        .routes(routes!(delete::handler))
        .routes(routes!(list::of_squad))
        .routes(routes!(ratings::handler))
}

/// A squad of the caller's organization.
async fn squad<P>(permitted: &Permitted<P>, id: Uuid) -> Answer<SquadId> {
    let found = permitted.tenant.squad(SquadId(id)).await?;
    found.map(|_| SquadId(id)).ok_or_else(|| Problem::not_found("squad"))
}
