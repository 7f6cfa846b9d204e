//! People and organizations as the tests need them.

use crate::common::NOW;
use squad_domain::Timestamp;
use squad_domain::ids::{OrgId, SessionId, UserId};
use squad_domain::permission::OrgRole;
use squad_storage::{Acceptance, Author, Invited, NewInvitation, NewSession, NewUser, Page, Storage};
use std::time::Duration;
use uuid::Uuid;

/// Where the first account begins.
pub(crate) const HOME: OrgId = OrgId(Uuid::from_u128(0x7000_8000_0000_0000_0001));
pub(crate) const ADA: UserId = UserId(uuid(1));
pub(crate) const BOB: UserId = UserId(uuid(2));
pub(crate) const EVE: UserId = UserId(uuid(3));
/// Where Bob's account begins.
pub(crate) const BOBS: OrgId = OrgId(uuid(1002));
/// Where Eve's account begins.
pub(crate) const EVES: OrgId = OrgId(uuid(1003));
pub(crate) const EVERYTHING: Page = Page { limit: 100, before: None };

pub(crate) const fn uuid(number: u128) -> Uuid {
    Uuid::from_u128(0x019a_8f00_0000_7000_8000_0000_0000_0000 + number)
}

pub(crate) fn later(seconds: u64) -> Timestamp {
    NOW + Duration::from_secs(seconds)
}

pub(crate) fn by(user: UserId, at: Timestamp) -> Author {
    Author { actor: format!("user:{user}"), address: "10.0.0.1".into(), at }
}

pub(crate) async fn account(storage: &Storage, user: UserId, name: &str) {
    let new = NewUser {
        id: user,
        email: format!("{name}@x.test"),
        name: name.into(),
        password_hash: Some("hash".into()),
        organization: (OrgId(Uuid::from_u128(user.0.as_u128() + 1000)), format!("{name}'s")),
        at: NOW,
    };
    storage.create_user(new, HOME).await.unwrap().unwrap();
}

/// Ada, who owns [`HOME`], Bob and Eve with organizations of their own.
pub(crate) async fn three(storage: &Storage) {
    for (user, name) in [(ADA, "ada"), (BOB, "bob"), (EVE, "eve")] {
        account(storage, user, name).await;
    }
}

pub(crate) fn invitation(number: u128, email: &str, role: OrgRole) -> NewInvitation {
    NewInvitation {
        id: uuid(number),
        email: email.into(),
        role,
        hash: format!("invitation {number}"),
        invited_by: Some(ADA),
        expires_at: later(3600),
    }
}

/// Lets somebody join [`HOME`], by Ada's invitation.
pub(crate) async fn join(storage: &Storage, user: UserId, role: OrgRole) {
    let account = storage.account(user).await.unwrap().unwrap();
    let new = NewInvitation {
        id: Uuid::from_u128(user.0.as_u128() + 5000),
        hash: user.to_string(),
        ..invitation(0, &account.user.email, role)
    };
    let sent = storage.tenant(HOME).invite(&by(ADA, NOW), new).await.unwrap();
    assert!(matches!(sent, Invited::Done(_)), "{sent:?}");
    let (author, hash) = (by(user, later(1)), user.to_string());
    let joined = storage.accept_invitation(&author, &hash, user, &account.user.email).await.unwrap();
    assert_eq!(joined, Acceptance::Joined(HOME));
}

pub(crate) async fn sign_in(storage: &Storage, number: u128, user: UserId) -> SessionId {
    let session = NewSession {
        id: SessionId(uuid(number)),
        user,
        user_agent: "curl".into(),
        address: "127.0.0.1".into(),
        refresh_hash: format!("refresh {number}"),
        at: NOW,
        expires_at: later(3600),
    };
    storage.open_session(session).await.unwrap();
    SessionId(uuid(number))
}

pub(crate) async fn role(storage: &Storage, user: UserId, org: OrgId) -> Option<OrgRole> {
    storage.membership(user, org).await.unwrap().map(|membership| membership.role)
}

/// What the audit log of an organization says, oldest first: `action`.
pub(crate) async fn audited(storage: &Storage, org: OrgId) -> Vec<String> {
    let tenant = storage.tenant(org);
    assert_eq!(tenant.prove_audit().await.unwrap().broken_at, None);
    let entries = tenant.audit_entries_after(0, 1000).await.unwrap();
    entries.into_iter().map(|entry| entry.action).collect()
}
