//! Organizations, and who is in them.

mod create;
mod delete;
mod invitations;
mod list;
mod members;
mod show;
mod switch;
mod transfer;
mod update;

use crate::app::App;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(list::handler, create::handler))
        .routes(routes!(show::handler, update::handler, delete::handler))
        .routes(routes!(switch::handler))
        .routes(routes!(transfer::handler))
        .routes(routes!(members::list))
        .routes(routes!(members::change, members::remove))
        .routes(routes!(invitations::list, invitations::send))
        .routes(routes!(invitations::revoke))
}
