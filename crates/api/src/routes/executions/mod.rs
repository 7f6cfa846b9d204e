//! Squads at work.

mod events;
mod list;
mod of_task;
mod prepare;
mod read;
mod show;
mod start;
mod steer;

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
        .routes(routes!(list::handler, start::handler))
        .routes(routes!(of_task::handler))
        .routes(routes!(steer::approve))
        .routes(routes!(steer::reject))
        .routes(routes!(steer::answer_question))
        .routes(routes!(steer::message))
        .routes(routes!(steer::pause))
        .routes(routes!(steer::resume))
        .routes(routes!(steer::cancel))
        .routes(routes!(steer::budget))
        .routes(routes!(steer::swap_model))
        .routes(routes!(steer::retry))
        .routes(routes!(read::questions))
        .routes(routes!(read::report))
        .routes(routes!(read::plan))
        .routes(routes!(read::diff))
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
