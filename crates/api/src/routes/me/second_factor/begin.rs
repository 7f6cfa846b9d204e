//! `POST /me/second-factor`.

use super::confirm_password;
use crate::app::App;
use crate::dto::second_factor::Enrolment;
use crate::extract::{Json, Person};
use crate::identity::second_factor;
use crate::problem::{Answer, Code, Problem};
use axum::extract::State;
use axum::http::StatusCode;
use garde::Validate;
use serde::Deserialize;
use squad_secrets::totp::TotpSecret;
use utoipa::ToSchema;

/// What authenticator apps call us.
const ISSUER: &str = "Agent Squad";

/// Somebody who wants a second factor.
#[derive(Debug, Deserialize, Validate, ToSchema)]
pub(crate) struct BeginSecondFactor {
    /// The present password.
    #[garde(length(bytes, max = 1024))]
    #[schema(example = "quiet-otter-under-9-bridges", format = Password)]
    current_password: String,
}

/// Begins to set a second factor up
///
/// Gives an authenticator app its secret, this once. It counts when a code of it was shown at
/// `POST /me/second-factor/confirm`; until then, beginning anew replaces it.
#[utoipa::path(
    post,
    path = "/me/second-factor",
    operation_id = "begin_second_factor",
    tag = "account",
    request_body = BeginSecondFactor,
    responses((status = 201, description = "The secret", body = Enrolment)),
)]
pub(crate) async fn handler(
    State(app): State<App>,
    person: Person,
    Json(body): Json<BeginSecondFactor>,
) -> Answer<(StatusCode, Json<Enrolment>)> {
    confirm_password(&app, &person, body.current_password).await?;
    let (secret, at) = (TotpSecret::generate(), person.caller.at);
    let sealed = second_factor::seal(&app, person.id(), &secret);
    if !app.storage().begin_totp(person.id(), &sealed, at).await? {
        return Err(Problem::new(
            Code::Conflict,
            "a second factor is set up already; disable that one first",
        ));
    }
    let uri = secret.to_uri(ISSUER, &person.user.email).to_string();
    Ok((StatusCode::CREATED, Json(Enrolment { secret: secret.to_base32().to_string(), uri })))
}
