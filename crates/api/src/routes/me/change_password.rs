//! `POST /me/password`.

use crate::app::App;
use crate::extract::{Json, Person};
use crate::identity::Slowing;
use crate::problem::{Answer, Code, Problem};
use axum::extract::State;
use axum::http::StatusCode;
use garde::Validate;
use serde::Deserialize;
use squad_integrations::mail::texts;
use squad_secrets::password::{Owner, Password};
use squad_storage::SessionEnd;
use utoipa::ToSchema;

/// The old password and the new one.
#[derive(Debug, Deserialize, Validate, ToSchema)]
pub(crate) struct ChangePassword {
    /// The present password.
    #[garde(length(bytes, max = 1024))]
    #[schema(example = "quiet-otter-under-9-bridges", format = Password)]
    current_password: String,
    /// At least 10 bytes that are not easily guessed.
    #[garde(skip)]
    #[schema(example = "seven-slow-lighthouses-hum", format = Password)]
    new_password: String,
}

/// Changes the password
///
/// Ends all other sessions of the account.
#[utoipa::path(
    post,
    path = "/me/password",
    operation_id = "change_password",
    tag = "account",
    request_body = ChangePassword,
    responses((status = 204, description = "The password is changed")),
)]
pub(crate) async fn handler(
    State(app): State<App>,
    person: Person,
    Json(body): Json<ChangePassword>,
) -> Answer<StatusCode> {
    let (user, at) = (&person.user, person.caller.at);
    confirm(&app, &person, body.current_password).await?;
    let password = Password::new(body.new_password, Owner { email: &user.email, name: &user.name })
        .map_err(|error| Problem::field("new_password", error.to_string()))?;
    let hash = app.hasher().hash(password).await?;
    app.storage().set_password(user.id, &hash, at).await?;
    app.storage().end_sessions(user.id, Some(person.session), SessionEnd::PasswordChanged, at).await?;
    let author = person.caller.author();
    app.storage().audit_sign_in(user.id, &author, "user.password_changed", serde_json::json!({})).await?;
    app.send(texts::password_changed(&user.email), at).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Makes sure that it is really them, before something that a thief of a session must not do.
pub(crate) async fn confirm(app: &App, person: &Person, password: String) -> Answer<()> {
    let (user, at) = (&person.user, person.caller.at);
    let slowing = Slowing::new(&user.email, person.caller.address);
    slowing.check(app, at).await?;
    let account = app.storage().account(user.id).await?.ok_or_else(|| Problem::not_found("account"))?;
    if app.hasher().verify(account.password_hash, password).await?.is_right() {
        return Ok(());
    }
    slowing.failed(app, at).await?;
    Err(Problem::new(Code::Forbidden, "that is not the present password"))
}
