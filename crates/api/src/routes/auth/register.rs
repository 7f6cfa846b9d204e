//! `POST /auth/register`.

use super::Accepted;
use crate::app::{App, Registration};
use crate::dto::rules;
use crate::extract::{Json, Peer};
use crate::identity::{invitations, links};
use crate::problem::{Answer, Code, Problem};
use axum::extract::State;
use axum::http::StatusCode;
use garde::Validate;
use serde::Deserialize;
use squad_domain::Timestamp;
use squad_domain::ids::{OrgId, UserId};
use squad_secrets::password::{Owner, Password};
use squad_storage::{Author, NewUser, UserRow};
use std::net::IpAddr;
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
    /// The token of an invitation to this address: with one, no further mail has to be awaited.
    #[garde(inner(length(max = 200)))]
    #[schema(example = "sqi_000000000000000000000000000000000000000000034onZ8")]
    invitation: Option<String>,
}

/// Makes an account
///
/// The first account of a fresh installation owns it, and can sign in at once; so can one that comes with an invitation,
/// and it is in that organization then. Any other has to follow the link that is mailed to it first. The answer does not
/// tell whether the address has an account already; the mail does.
#[utoipa::path(
    post,
    path = "/auth/register",
    operation_id = "register",
    tag = "identity",
    request_body = Register,
    responses(
        (status = 202, description = "A mail is on its way, or, with an invitation, the account is ready", body = Accepted),
        (status = 410, description = "The invitation is not good any more", body = crate::problem::ProblemBody, content_type = "application/problem+json"),
    ),
)]
pub(crate) async fn handler(
    State(app): State<App>,
    Peer(address): Peer,
    Json(body): Json<Register>,
) -> Answer<(StatusCode, axum::Json<Accepted>)> {
    let (email, name, now) = (rules::address(&body.email), body.name.trim().to_owned(), app.now());
    let password = Password::new(body.password, Owner { email: &email, name: &name })
        .map_err(|error| Problem::field("password", error.to_string()))?;
    may_come(&app, &email, body.invitation.as_deref(), now).await?;
    let user = NewUser {
        id: UserId(app.new_id()),
        organization: (OrgId(app.new_id()), format!("{name}'s organization")),
        password_hash: Some(app.hasher().hash(password).await?),
        email: email.clone(),
        name,
        at: now,
    };
    let made = app.storage().create_user(user, app.config().local_org).await?;
    let accepted = match (made, body.invitation) {
        (Some(user), Some(token)) => join(&app, user, &token, address, now).await?,
        (Some(user), None) => verify(&app, user, now).await?,
        (None, invitation) => known(&app, &email, invitation.is_some(), now).await?,
    };
    Ok((StatusCode::ACCEPTED, axum::Json(accepted)))
}

/// For an address that has an account already. Whoever holds an invitation to it reads its mail, and may know.
async fn known(app: &App, email: &str, invited: bool, now: Timestamp) -> Answer<Accepted> {
    if invited {
        let detail = "you have an account already; sign in, and accept the invitation there";
        return Err(Problem::new(Code::Conflict, detail));
    }
    links::already_registered(app, email, now).await?;
    Ok(Accepted::MAIL)
}

/// Whether somebody of this address may make an account at all.
async fn may_come(app: &App, email: &str, invitation: Option<&str>, now: Timestamp) -> Answer<()> {
    let Some(token) = invitation else {
        if app.config().registration == Registration::Invited && app.storage().has_users().await? {
            return Err(Problem::new(Code::RegistrationClosed, "ask somebody here for an invitation"));
        }
        return Ok(());
    };
    if invitations::find(app, token, now).await?.invitation.email == email {
        return Ok(());
    }
    Err(Problem::field("email", "is not the address that the invitation was sent to"))
}

/// Lets a new account join by its invitation, which shows that the address is theirs.
async fn join(app: &App, user: UserRow, token: &str, address: IpAddr, now: Timestamp) -> Answer<Accepted> {
    let author = Author { actor: format!("user:{}", user.id), address: address.to_string(), at: now };
    match invitations::accept(app, &user, &author, token).await {
        Ok(_) => Ok(Accepted::READY),
        // It was taken back in this very moment. The account is there; it goes the way of all others.
        Err(problem) if problem.code() == Code::LinkRefused => verify(app, user, now).await,
        Err(problem) => Err(problem),
    }
}

/// Lets a new account show that the address is theirs, where it still has to.
async fn verify(app: &App, user: UserRow, now: Timestamp) -> Answer<Accepted> {
    if user.email_verified_at.is_none() {
        links::verify(app, &user, &user.email, now).await?;
    }
    Ok(Accepted::MAIL)
}
