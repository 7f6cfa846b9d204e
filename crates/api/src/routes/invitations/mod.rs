//! Invitations, as whoever holds one sees them. Those who send them: `super::organizations`.

mod accept;
mod show;

use crate::app::App;
use garde::Validate;
use serde::Deserialize;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

/// Routes that nobody has to be signed in for.
pub(super) fn public() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(show::handler))
}

/// Routes for those who are signed in.
pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(accept::handler))
}

/// What stands in the mailed link.
#[derive(Debug, Deserialize, Validate, ToSchema)]
pub(crate) struct InvitationToken {
    /// The part of the link after `token=`.
    #[garde(length(max = 200))]
    #[schema(example = "sqi_000000000000000000000000000000000000000000034onZ8")]
    token: String,
}
