//! The second factor of one's own account.

mod begin;
mod confirm;
mod disable;
mod recovery_codes;
mod show;

use super::confirm as confirm_password;
use crate::app::App;
use crate::extract::Person;
use crate::identity::{Slowing, second_factor};
use crate::problem::{Answer, Code, Problem};
use garde::Validate;
use serde::Deserialize;
use squad_domain::ids::UserId;
use squad_secrets::totp::RecoveryCode;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(show::handler, begin::handler))
        .routes(routes!(confirm::handler))
        .routes(routes!(disable::handler))
        .routes(routes!(recovery_codes::handler))
}

/// What only the owner of the account has.
#[derive(Debug, Deserialize, Validate, ToSchema)]
pub(crate) struct Proof {
    /// The present password.
    #[garde(length(bytes, max = 1024))]
    #[schema(example = "quiet-otter-under-9-bridges", format = Password)]
    current_password: String,
    /// A code of the authenticator app, or a recovery code.
    #[garde(length(max = 64))]
    #[schema(example = "123456")]
    code: String,
}

/// Makes sure that it is really them: by the password, and by a code where a second factor is set up.
pub(super) async fn prove(app: &App, person: &Person, password: String, code: Option<&str>) -> Answer<()> {
    confirm_password(app, person, password).await?;
    let at = person.caller.at;
    match second_factor::check(app, person.id(), code, at).await {
        Err(problem) if problem.code() == Code::SignInRefused => {
            Slowing::new(&person.user.email, person.caller.address).failed(app, at).await?;
            Err(Problem::new(
                Code::Forbidden,
                "that is no good code of the second factor, or it was used before",
            ))
        }
        checked => checked,
    }
}

/// What is stored of recovery codes.
fn hashes(codes: &[RecoveryCode], user: UserId) -> Vec<String> {
    codes.iter().map(|code| code.hash(user.0).to_hex()).collect()
}

fn none() -> Problem {
    Problem::new(Code::Conflict, "no second factor is set up")
}
