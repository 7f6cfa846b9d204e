//! Who did what, from where.

mod export;
mod list;
mod proof;

use crate::app::App;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(list::handler))
        .routes(routes!(export::handler))
        .routes(routes!(proof::handler))
}
