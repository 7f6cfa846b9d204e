//! Accounts, organizations, sessions and links, on both databases.

use crate::common::NOW;
use squad_domain::Timestamp;
use squad_domain::ids::{OrgId, SessionId, UserId};
use squad_domain::permission::OrgRole;
use squad_storage::{LinkPurpose, NewEmailLink, NewSession, NewUser, Rotation, SessionEnd, Storage};
use squad_testkit::each_database;
use std::time::Duration;
use uuid::Uuid;

const HOME: OrgId = OrgId(Uuid::from_u128(0x7000_8000_0000_0000_0001));
const HOUR: Duration = Duration::from_secs(3600);

fn number(number: u128) -> Uuid {
    Uuid::from_u128(0x019a_8f00_0000_7000_8000_0000_0000_0000 + number)
}

fn user(n: u128, email: &str) -> NewUser {
    NewUser {
        id: UserId(number(n)),
        email: email.into(),
        name: "Ada".into(),
        password_hash: Some("hash".into()),
        organization: (OrgId(number(n + 1000)), "Ada's organization".into()),
        at: NOW,
    }
}

async fn sign_in(storage: &Storage, n: u128, user: u128, token: &str) -> SessionId {
    let session = NewSession {
        id: SessionId(number(n)),
        user: UserId(number(user)),
        user_agent: "curl\0".into(),
        address: "127.0.0.1".into(),
        refresh_hash: token.into(),
        at: NOW,
        expires_at: NOW + HOUR,
    };
    storage.open_session(session).await.unwrap();
    SessionId(number(n))
}

fn link(token: &str, user: u128, purpose: LinkPurpose, email: &str) -> NewEmailLink {
    NewEmailLink {
        hash: token.into(),
        user: UserId(number(user)),
        purpose,
        email: email.into(),
        at: NOW,
        expires_at: NOW + HOUR,
    }
}

fn later(seconds: u64) -> Timestamp {
    NOW + Duration::from_secs(seconds)
}

#[tokio::test]
async fn of_many_who_register_at_once_one_is_the_first() {
    each_database(async |storage| {
        let made =
            futures::future::join_all(
                (1..=8).map(|n| {
                    let storage = storage.clone();
                    async move {
                        storage.create_user(user(n, &format!("u{n}@x.test")), HOME).await.unwrap().unwrap()
                    }
                }),
            )
            .await;
        let mut homes = 0;
        for made in &made {
            let memberships = storage.memberships(made.id).await.unwrap();
            assert_eq!(memberships.len(), 1);
            assert_eq!(memberships[0].role, OrgRole::Owner);
            let home = memberships[0].organization.id == HOME;
            homes += usize::from(home);
            assert_eq!(made.email_verified_at.is_some(), home, "the first needs no mail");
        }
        assert_eq!(homes, 1);
    })
    .await;
}

#[tokio::test]
async fn an_address_has_one_account() {
    each_database(async |storage| {
        storage.create_user(user(1, "ada@x.test"), HOME).await.unwrap().unwrap();
        assert_eq!(storage.create_user(user(2, "ada@x.test"), HOME).await.unwrap(), None);
        assert!(storage.account(UserId(number(2))).await.unwrap().is_none());
        assert!(storage.memberships(UserId(number(2))).await.unwrap().is_empty());
        let found = storage.account_of("ada@x.test").await.unwrap().unwrap();
        assert_eq!((found.user.id, found.password_hash.as_deref()), (UserId(number(1)), Some("hash")));
        let renamed = storage.rename_user(found.user.id, "Ada L.\0", later(5)).await.unwrap().unwrap();
        assert_eq!((renamed.name.as_str(), renamed.updated_at), ("Ada L.\u{fffd}", later(5)));
        assert_eq!(storage.set_password(UserId(number(9)), "x", NOW).await.unwrap(), None);
        let elsewhere = storage.membership(found.user.id, OrgId(number(5))).await.unwrap();
        assert_eq!(elsewhere, None);
        assert!(storage.membership(found.user.id, HOME).await.unwrap().is_some());
    })
    .await;
}

#[tokio::test]
async fn a_refresh_token_is_good_once_and_a_copy_of_it_ends_the_session() {
    each_database(async |storage| {
        storage.create_user(user(1, "ada@x.test"), HOME).await.unwrap();
        let session = sign_in(&storage, 1, 1, "t1").await;
        let rotate = async |old: &str, new: &str, at: Timestamp| {
            storage.rotate_refresh_token(old, new, at, at + HOUR).await.unwrap()
        };
        assert!(
            matches!(rotate("t1", "t2", later(1)).await, Rotation::Done(row) if row.expires_at == later(3601))
        );
        assert!(matches!(rotate("t2", "t3", later(2)).await, Rotation::Done(_)));
        assert_eq!(rotate("unknown", "x", later(2)).await, Rotation::Refused);
        assert!(storage.session(session, later(2)).await.unwrap().is_some());
        assert!(matches!(rotate("t1", "t4", later(3)).await, Rotation::Reused(row) if row.id == session));
        assert_eq!(storage.session(session, later(3)).await.unwrap(), None);
        assert_eq!(rotate("t3", "t5", later(4)).await, Rotation::Refused, "the honest one's, too");
        assert_eq!(rotate("t4", "t5", later(4)).await, Rotation::Refused, "it was never issued");

        sign_in(&storage, 2, 1, "late").await;
        assert_eq!(rotate("late", "later", later(3600)).await, Rotation::Refused, "it had expired");
    })
    .await;
}

#[tokio::test]
async fn of_many_who_exchange_one_token_at_once_one_gets_the_next_and_it_is_void() {
    each_database(async |storage| {
        storage.create_user(user(1, "ada@x.test"), HOME).await.unwrap();
        let session = sign_in(&storage, 1, 1, "t").await;
        let rotations = futures::future::join_all((0..20).map(|n| {
            let (storage, next) = (storage.clone(), format!("next{n}"));
            async move { storage.rotate_refresh_token("t", &next, later(1), later(9)).await.unwrap() }
        }))
        .await;
        let count = |wanted: fn(&Rotation) -> bool| rotations.iter().filter(|found| wanted(found)).count();
        assert_eq!(count(|found| matches!(found, Rotation::Done(_))), 1);
        assert_eq!(count(|found| matches!(found, Rotation::Reused(_))), 1);
        assert_eq!(storage.session(session, later(2)).await.unwrap(), None);
    })
    .await;
}

#[tokio::test]
async fn sessions_are_ended_one_by_one_or_all_but_one_and_only_ones_own() {
    each_database(async |storage| {
        storage.create_user(user(1, "ada@x.test"), HOME).await.unwrap();
        storage.create_user(user(2, "bob@x.test"), HOME).await.unwrap();
        for n in 1..=4 {
            sign_in(&storage, n, 1, &format!("a{n}")).await;
        }
        let bobs = sign_in(&storage, 9, 2, "b").await;
        let ada = UserId(number(1));
        let end = SessionEnd::SignedOut;
        assert!(!storage.end_session(ada, bobs, end, later(1)).await.unwrap(), "it is not hers");
        assert!(storage.end_session(ada, SessionId(number(1)), end, later(1)).await.unwrap());
        assert!(!storage.end_session(ada, SessionId(number(1)), end, later(1)).await.unwrap());
        storage.rotate_refresh_token("a3", "a3b", later(2), later(99)).await.unwrap();
        let ids: Vec<SessionId> =
            storage.sessions(ada, later(3)).await.unwrap().iter().map(|row| row.id).collect();
        assert_eq!(ids, [3, 2, 4].map(|n| SessionId(number(n))), "the one used last comes first");
        assert_eq!(storage.end_sessions(ada, Some(ids[1]), end, later(4)).await.unwrap(), 2);
        assert_eq!(storage.sessions(ada, later(5)).await.unwrap()[0].user_agent, "curl\u{fffd}");
        assert_eq!(storage.end_sessions(ada, None, end, later(5)).await.unwrap(), 1);
        assert!(storage.session(bobs, later(5)).await.unwrap().is_some());
    })
    .await;
}

#[tokio::test]
async fn a_link_is_good_once_for_its_purpose_until_a_newer_one_is_sent() {
    each_database(async |storage| {
        let at = later(1);
        storage.create_user(user(1, "first@x.test"), HOME).await.unwrap();
        storage.create_user(user(2, "ada@x.test"), HOME).await.unwrap();
        let ada = UserId(number(2));
        let (verify, reset) = (LinkPurpose::VerifyEmail, LinkPurpose::ResetPassword);
        storage.add_email_link(link("v1", 2, verify, "ada@x.test")).await.unwrap();
        storage.add_email_link(link("v2", 2, verify, "ada@x.test")).await.unwrap();
        assert_eq!(storage.verify_email("v1", at).await.unwrap(), None, "a newer one was sent");
        assert_eq!(
            storage.reset_password("v2", "stolen", at).await.unwrap(),
            None,
            "it is for another purpose"
        );
        assert_eq!(storage.verify_email("v2", at).await.unwrap().unwrap().user, ada);
        assert_eq!(storage.verify_email("v2", at).await.unwrap(), None, "it was used");
        assert_eq!(storage.account(ada).await.unwrap().unwrap().user.email_verified_at, Some(at));

        // A new address becomes the account's when it is shown to be theirs, unless it is somebody else's by then.
        storage.add_email_link(link("v3", 2, verify, "first@x.test")).await.unwrap();
        assert_eq!(storage.verify_email("v3", at).await.unwrap(), None);
        storage.add_email_link(link("v4", 2, verify, "new@x.test")).await.unwrap();
        assert!(storage.verify_email("v4", at).await.unwrap().is_some());
        assert!(storage.account_of("new@x.test").await.unwrap().is_some());
        assert!(storage.account_of("ada@x.test").await.unwrap().is_none());

        let session = sign_in(&storage, 1, 2, "t").await;
        storage.add_email_link(link("r1", 2, reset, "new@x.test")).await.unwrap();
        assert_eq!(storage.reset_password("r1", "new", later(3600)).await.unwrap(), None, "it had expired");
        assert!(storage.reset_password("r1", "new", later(3599)).await.unwrap().is_some());
        let account = storage.account(ada).await.unwrap().unwrap();
        assert_eq!(account.password_hash.as_deref(), Some("new"));
        assert_eq!(storage.session(session, later(3)).await.unwrap(), None, "whoever was in is out");
    })
    .await;
}

#[tokio::test]
async fn failures_add_up_until_a_success_or_until_they_are_old() {
    each_database(async |storage| {
        let both = || vec!["account ada@x.test".to_owned(), "address 10.0.0.1".to_owned()];
        let count = async |subject: &str| {
            storage.login_failures(subject).await.unwrap().map(|failures| (failures.count, failures.last))
        };
        futures::future::join_all((0..10).map(|n| {
            let (storage, subjects) = (storage.clone(), both());
            async move { storage.login_failed(subjects, later(n), HOUR).await.unwrap() }
        }))
        .await;
        assert_eq!(count("account ada@x.test").await.map(|(count, _)| count), Some(10));
        storage.login_succeeded("account ada@x.test").await.unwrap();
        assert_eq!(count("account ada@x.test").await, None);
        assert_eq!(count("address 10.0.0.1").await.map(|(count, _)| count), Some(10));
        storage.login_failed(both(), later(8000), HOUR).await.unwrap();
        assert_eq!(count("address 10.0.0.1").await, Some((1, later(8000))), "the old ones are forgotten");
    })
    .await;
}

#[tokio::test]
async fn of_servers_that_start_at_once_one_makes_the_first_signing_key() {
    each_database(async |storage| {
        let keys = futures::future::join_all((0..6).map(|n| {
            let storage = storage.clone();
            async move { storage.add_signing_key(&format!("k{n}"), "sealed", NOW, true).await.unwrap() }
        }))
        .await;
        assert!(keys.iter().all(|found| found.len() == 1 && found[0].kid == keys[0][0].kid));
        let rotated = storage.add_signing_key("next", "sealed", later(1), false).await.unwrap();
        assert_eq!(rotated[0].kid, "next");
        assert_eq!((rotated[0].retired_at, rotated[1].retired_at), (None, Some(later(1))));
        assert_eq!(storage.signing_keys().await.unwrap(), rotated);
        assert!(!format!("{rotated:?}").contains("sealed\""), "{rotated:?}");
    })
    .await;
}
