//! Invitations: a token in a mail, good once, for the address that it was sent to.

use crate::app::App;
use crate::problem::{Answer, Code, Problem};
use squad_domain::Timestamp;
use squad_domain::ids::OrgId;
use squad_secrets::token::{Kind, OpaqueToken};
use squad_storage::{Acceptance, Author, InvitationOffer, UserRow};
use std::time::Duration;

/// How long an invitation is good.
pub(crate) const LIFETIME: Duration = Duration::from_secs(7 * 24 * 3600);

/// The address that an invitation's mail leads to.
pub(crate) fn link(app: &App, token: &OpaqueToken) -> String {
    // After `#`, so that no log of a server or a proxy ever sees it.
    format!("{}/invitation#token={}", app.config().public_url, token.expose())
}

/// What an invitation offers, where it is good.
pub(crate) async fn find(app: &App, token: &str, now: Timestamp) -> Answer<InvitationOffer> {
    app.storage().invitation(&hash(token)?, now).await?.ok_or_else(gone)
}

/// Lets somebody join. Where their account has the address that it was sent to, it is verified with that.
pub(crate) async fn accept(app: &App, user: &UserRow, author: &Author, token: &str) -> Answer<OrgId> {
    match app.storage().accept_invitation(author, &hash(token)?, user.id, &user.email).await? {
        Acceptance::Joined(org) | Acceptance::AlreadyMember(org) => Ok(org),
        Acceptance::WrongAddress => Err(Problem::new(
            Code::Forbidden,
            "the invitation was sent to another address; sign in with the account of that one",
        )),
        Acceptance::Void => Err(gone()),
    }
}

fn hash(token: &str) -> Answer<String> {
    let token = OpaqueToken::parse_as(Kind::Invitation, token.trim()).map_err(|_| gone())?;
    Ok(token.hash().to_hex())
}

fn gone() -> Problem {
    Problem::new(
        Code::LinkRefused,
        "the invitation was used, taken back or replaced, has expired, or is incomplete; ask for a new one",
    )
}
