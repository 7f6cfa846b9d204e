//! `POST /me/second-factor/disable`.

use super::{Proof, none, prove};
use crate::app::App;
use crate::extract::{Json, Person};
use crate::problem::Answer;
use axum::extract::State;
use axum::http::StatusCode;

/// Takes the second factor away
///
/// With its recovery codes. Signing in needs the password alone from now on.
#[utoipa::path(
    post,
    path = "/me/second-factor/disable",
    operation_id = "disable_second_factor",
    tag = "account",
    request_body = Proof,
    responses((status = 204, description = "There is none any more")),
)]
pub(crate) async fn handler(
    State(app): State<App>,
    person: Person,
    Json(body): Json<Proof>,
) -> Answer<StatusCode> {
    prove(&app, &person, body.current_password, Some(&body.code)).await?;
    if !app.storage().disable_totp(person.id()).await? {
        return Err(none());
    }
    let author = person.caller.author();
    app.storage()
        .audit_sign_in(person.id(), &author, "user.second_factor_disabled", serde_json::json!({}))
        .await?;
    Ok(StatusCode::NO_CONTENT)
}
