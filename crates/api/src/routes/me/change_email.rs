//! `POST /me/email`.

use super::change_password::confirm;
use crate::app::App;
use crate::dto::rules;
use crate::extract::{Json, Person};
use crate::identity::links;
use crate::problem::Answer;
use axum::extract::State;
use axum::http::StatusCode;
use garde::Validate;
use serde::Deserialize;
use utoipa::ToSchema;

/// Another address.
#[derive(Debug, Deserialize, Validate, ToSchema)]
pub(crate) struct ChangeEmail {
    /// The new address.
    #[garde(custom(rules::email))]
    #[schema(example = "ada@engines.example")]
    email: String,
    /// The present password.
    #[garde(length(bytes, max = 1024))]
    #[schema(example = "quiet-otter-under-9-bridges", format = Password)]
    current_password: String,
}

/// Changes the address
///
/// Mails a link to the new address; the account keeps the old one until that is followed. Whether somebody else has that
/// address already, the answer does not tell.
#[utoipa::path(
    post,
    path = "/me/email",
    operation_id = "change_email",
    tag = "account",
    request_body = ChangeEmail,
    responses((status = 202, description = "A mail is on its way to the new address")),
)]
pub(crate) async fn handler(
    State(app): State<App>,
    person: Person,
    Json(body): Json<ChangeEmail>,
) -> Answer<StatusCode> {
    confirm(&app, &person, body.current_password).await?;
    let (email, at) = (rules::address(&body.email), person.caller.at);
    match app.storage().account_of(&email).await? {
        None => links::verify(&app, &person.user, &email, at).await?,
        Some(_) => links::already_registered(&app, &email, at).await?,
    }
    let author = person.caller.author();
    app.storage()
        .audit_sign_in(person.id(), &author, "user.email_change_requested", serde_json::json!({}))
        .await?;
    Ok(StatusCode::ACCEPTED)
}
