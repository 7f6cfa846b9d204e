//! `POST /auth/register`.

use super::Accepted;
use crate::app::{App, Registration};
use crate::dto::rules;
use crate::extract::Json;
use crate::identity::links;
use crate::problem::{Answer, Code, Problem};
use axum::extract::State;
use axum::http::StatusCode;
use garde::Validate;
use serde::Deserialize;
use squad_domain::ids::{OrgId, UserId};
use squad_secrets::password::{Owner, Password};
use squad_storage::NewUser;
use utoipa::ToSchema;

/// Somebody who wants an account.
#[derive(Debug, Deserialize, Validate, ToSchema)]
pub(crate) struct Register {
    /// The address.
    #[garde(custom(rules::email))]
    #[schema(example = "ada@example.com")]
    email: String,
    /// What people shall call them.
    #[garde(custom(rules::name))]
    #[schema(example = "Ada Lovelace")]
    name: String,
    /// At least 10 bytes that are not easily guessed.
    #[garde(skip)]
    #[schema(example = "quiet-otter-under-9-bridges", format = Password)]
    password: String,
}

/// Makes an account
///
/// The first account of a fresh installation owns it, and can sign in at once. Any other has to follow the link that is
/// mailed to it first. The answer does not tell whether the address has an account already; the mail does.
#[utoipa::path(
    post,
    path = "/auth/register",
    operation_id = "register",
    tag = "identity",
    request_body = Register,
    responses((status = 202, description = "A mail is on its way", body = Accepted)),
)]
pub(crate) async fn handler(State(app): State<App>, Json(body): Json<Register>) -> Answer<(StatusCode, axum::Json<Accepted>)> {
    let (email, name) = (rules::address(&body.email), body.name.trim().to_owned());
    let password = Password::new(body.password, Owner { email: &email, name: &name })
        .map_err(|error| Problem::field("password", error.to_string()))?;
    if app.config().registration == Registration::Invited && app.storage().has_users().await? {
        return Err(Problem::new(Code::RegistrationClosed, "ask somebody here for an invitation"));
    }
    let now = app.now();
    let user = NewUser {
        id: UserId(app.new_id()),
        organization: (OrgId(app.new_id()), format!("{name}'s organization")),
        password_hash: Some(app.hasher().hash(password).await?),
        email: email.clone(),
        name,
        at: now,
    };
    match app.storage().create_user(user, app.config().local_org).await? {
        Some(user) if user.email_verified_at.is_some() => {}
        Some(user) => links::verify(&app, &user, &user.email, now).await?,
        None => links::already_registered(&app, &email, now).await?,
    }
    Ok((StatusCode::ACCEPTED, axum::Json(Accepted::MAIL)))
}
