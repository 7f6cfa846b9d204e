//! Links that go out by mail.

use crate::app::App;
use crate::problem::Answer;
use squad_domain::Timestamp;
use squad_integrations::mail::texts;
use squad_secrets::token::{Kind, OpaqueToken};
use squad_storage::{LinkPurpose, NewEmailLink, UserRow};
use std::time::Duration;

/// How long a link to an address is good.
const VERIFY: Duration = Duration::from_secs(24 * 3600);
/// How long a link to a new password is good.
const RESET: Duration = Duration::from_secs(3600);

/// Mails the link that shows that `email` is theirs.
pub(crate) async fn verify(app: &App, user: &UserRow, email: &str, now: Timestamp) -> Answer<()> {
    let link = make(app, user, LinkPurpose::VerifyEmail, email, now, VERIFY).await?;
    app.send(texts::verify_address(email, &link, VERIFY), now).await
}

/// Mails the link that lets them choose a new password.
pub(crate) async fn reset(app: &App, user: &UserRow, now: Timestamp) -> Answer<()> {
    let link = make(app, user, LinkPurpose::ResetPassword, &user.email, now, RESET).await?;
    app.send(texts::reset_password(&user.email, &link, RESET), now).await
}

/// Tells the owner of an address that it has an account already: only they read it.
pub(crate) async fn already_registered(app: &App, email: &str, now: Timestamp) -> Answer<()> {
    let link = format!("{}/login", app.config().public_url);
    app.send(texts::already_registered(email, &link), now).await
}

async fn make(
    app: &App,
    user: &UserRow,
    purpose: LinkPurpose,
    email: &str,
    now: Timestamp,
    lifetime: Duration,
) -> Answer<String> {
    let token = OpaqueToken::new(Kind::EmailLink);
    let link = NewEmailLink {
        hash: token.hash().to_hex(),
        user: user.id,
        purpose,
        email: email.to_owned(),
        at: now,
        expires_at: now + lifetime,
    };
    app.storage().add_email_link(link).await?;
    let page = match purpose {
        LinkPurpose::VerifyEmail => "verify-email",
        LinkPurpose::ResetPassword => "reset-password",
    };
    // After `#`, so that no log of a server or a proxy ever sees it.
    Ok(format!("{}/{page}#token={}", app.config().public_url, token.expose()))
}
