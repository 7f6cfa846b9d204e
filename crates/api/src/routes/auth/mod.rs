//! Making an account, signing in and out.

mod forgot_password;
mod login;
mod logout;
mod logout_all;
mod refresh;
mod register;
mod resend_verification;
mod reset_password;
mod verify_email;

use crate::app::App;
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

/// Routes that nobody has to be signed in for.
pub(super) fn public() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(register::handler))
        .routes(routes!(verify_email::handler))
        .routes(routes!(resend_verification::handler))
        .routes(routes!(login::handler))
        .routes(routes!(refresh::handler))
        .routes(routes!(forgot_password::handler))
        .routes(routes!(reset_password::handler))
}

/// Routes for those who are signed in.
pub(super) fn private() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(logout::handler)).routes(routes!(logout_all::handler))
}

/// A request that was taken. Whether there is such an account, it does not tell.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Accepted {
    /// What happens next, for people.
    #[schema(example = "if that address can be used, a mail is on its way to it")]
    message: &'static str,
}

impl Accepted {
    const MAIL: Self = Self { message: "if that address can be used, a mail is on its way to it" };
    const READY: Self = Self { message: "the account is ready; sign in" };
}
