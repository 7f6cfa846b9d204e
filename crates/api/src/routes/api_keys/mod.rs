//! API keys: with which programs act for somebody in one organization.

mod create;
mod list;
mod revoke;
mod show;
mod update;

use crate::app::App;
use crate::extract::{Permitted, may};
use squad_domain::ids::UserId;
use squad_domain::permission::Permission;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(list::handler, create::handler)).routes(routes!(
        show::handler,
        update::handler,
        revoke::handler
    ))
}

/// Whose keys somebody may see and revoke: their own, or, where they manage members, everybody's (`None`).
fn reach(permitted: &Permitted<may::ManageApiKeys>) -> Option<UserId> {
    let everybody = permitted.caller.may(Permission::ManageMembers);
    (!everybody).then_some(permitted.caller.user.id)
}
