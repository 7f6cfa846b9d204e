//! Who asks, and what lets them in: sessions and their organization, second factors, API keys, providers.

use crate::common::NOW;
use crate::people::*;
use serde_json::json;
use squad_domain::ids::{SessionId, UserId};
use squad_domain::permission::{OrgRole, Permission};
use squad_storage::{
    ApiKeyCreation, IdentityLinkRow, Linked, MAX_API_KEYS, NewApiKey, NewUser, OidcStateRow, SessionEnd,
    Storage, Unlinked,
};
use squad_testkit::each_database;

#[tokio::test]
async fn a_session_works_where_it_was_switched_to_else_where_they_joined_first() {
    each_database(async |storage| {
        three(&storage).await;
        join(&storage, BOB, OrgRole::Member).await;
        let session = sign_in(&storage, 10, BOB).await;
        let place = async |org| {
            let caller = storage.caller(session, org, later(5)).await.unwrap().unwrap();
            assert_eq!(
                (caller.user.id, caller.user.email.as_str(), caller.session),
                (BOB, "bob@x.test", session)
            );
            caller.organization.map(|org| (org.id, org.name, org.role))
        };
        let own = Some((BOBS, "bob's".to_owned(), OrgRole::Owner));
        let home = Some((HOME, "Home".to_owned(), OrgRole::Member));
        assert_eq!(place(None).await, own, "the one joined first");
        assert_eq!(storage.session(session, later(5)).await.unwrap().unwrap().organization, Some(BOBS));
        assert_eq!(place(Some(HOME)).await, home);
        assert_eq!(place(Some(EVES)).await, None, "he is not in that one");
        assert!(!storage.switch_organization(session, BOB, EVES, later(5)).await.unwrap());
        assert!(!storage.switch_organization(session, EVE, EVES, later(5)).await.unwrap(), "it is not hers");
        assert!(storage.switch_organization(session, BOB, HOME, later(5)).await.unwrap());
        assert_eq!(place(None).await, home);
        storage.tenant(HOME).leave_organization(&by(BOB, later(6)), BOB).await.unwrap();
        assert_eq!(place(None).await, own, "he left the other one");
        assert_eq!(storage.caller(session, None, later(3600)).await.unwrap(), None, "it has expired");
        assert_eq!(storage.caller(SessionId(uuid(99)), None, later(5)).await.unwrap(), None);
        storage.end_session(BOB, session, SessionEnd::SignedOut, later(7)).await.unwrap();
        assert_eq!(storage.caller(session, None, later(7)).await.unwrap(), None);
        assert!(!storage.switch_organization(session, BOB, BOBS, later(7)).await.unwrap());
    })
    .await;
}

#[tokio::test]
async fn a_second_factor_counts_once_it_is_confirmed_with_the_secret_that_was_shown_last() {
    each_database(async |storage| {
        three(&storage).await;
        let codes = || vec!["c1".to_owned(), "c2".to_owned()];
        assert!(storage.begin_totp(ADA, "old", NOW).await.unwrap());
        assert!(storage.begin_totp(ADA, "new", later(1)).await.unwrap());
        assert!(!storage.use_totp_step(ADA, 5).await.unwrap(), "it is not confirmed");
        assert!(!storage.confirm_totp(ADA, "old", 7, codes(), later(2)).await.unwrap());
        assert!(storage.confirm_totp(ADA, "new", 7, codes(), later(2)).await.unwrap());
        assert!(!storage.confirm_totp(ADA, "new", 8, codes(), later(3)).await.unwrap());
        assert!(!storage.begin_totp(ADA, "stolen", later(4)).await.unwrap(), "it must be taken away first");
        let totp = storage.totp(ADA).await.unwrap().unwrap();
        assert_eq!((totp.secret_sealed.as_str(), totp.confirmed_at), ("new", Some(later(2))));
        assert_eq!((totp.last_step, totp.codes_left), (Some(7), 2));
        assert!(!format!("{totp:?}").contains("new"), "{totp:?}");

        assert!(!storage.use_totp_step(ADA, 7).await.unwrap(), "the code that confirmed it is used up");
        let race = (0..20).map(|_| storage.use_totp_step(ADA, 9));
        let through = futures::future::join_all(race).await;
        assert_eq!(through.into_iter().filter(|used| *used.as_ref().unwrap()).count(), 1);
        assert!(!storage.use_totp_step(ADA, 8).await.unwrap(), "a later one was used");

        let race = (0..20).map(|_| storage.use_recovery_code(ADA, "c1", later(5)));
        let through = futures::future::join_all(race).await;
        assert_eq!(through.into_iter().filter(|used| *used.as_ref().unwrap()).count(), 1);
        assert!(!storage.use_recovery_code(BOB, "c2", later(5)).await.unwrap(), "it is hers");
        assert_eq!(storage.totp(ADA).await.unwrap().unwrap().codes_left, 1);
        assert!(storage.replace_recovery_codes(ADA, vec!["d1".into()]).await.unwrap());
        assert!(!storage.use_recovery_code(ADA, "c2", later(6)).await.unwrap());
        assert!(!storage.replace_recovery_codes(BOB, vec!["x".into()]).await.unwrap());

        assert!(storage.disable_totp(ADA).await.unwrap());
        assert!(!storage.disable_totp(ADA).await.unwrap());
        assert!(!storage.use_recovery_code(ADA, "d1", later(7)).await.unwrap());
        assert_eq!(storage.totp(ADA).await.unwrap(), None);
        assert!(storage.begin_totp(ADA, "third", later(8)).await.unwrap());
    })
    .await;
}

fn key(number: u128, user: UserId) -> NewApiKey {
    NewApiKey {
        id: uuid(number),
        user,
        name: "ci\0".into(),
        hash: format!("key {number}"),
        hint: "sq_…ab12".into(),
        scopes: vec![Permission::ReadTasks, Permission::StartExecutions],
        expires_at: None,
    }
}

async fn make(storage: &Storage, key: NewApiKey) -> ApiKeyCreation {
    storage.tenant(HOME).create_api_key(&by(key.user, NOW), key).await.unwrap()
}

#[tokio::test]
async fn an_api_key_lets_in_until_it_is_revoked_or_expires_or_its_owner_leaves() {
    each_database(async |storage| {
        three(&storage).await;
        join(&storage, BOB, OrgRole::Member).await;
        let caller = async |hash: &str, at| storage.api_key_caller(hash, at).await.unwrap();
        assert_eq!(make(&storage, key(10, EVE)).await, ApiKeyCreation::NotMember);
        assert!(matches!(make(&storage, key(11, BOB)).await, ApiKeyCreation::Done(_)));
        let brief = NewApiKey { expires_at: Some(later(60)), ..key(12, BOB) };
        assert!(matches!(make(&storage, brief).await, ApiKeyCreation::Done(_)));
        assert!(matches!(make(&storage, key(13, ADA)).await, ApiKeyCreation::Done(_)));

        let found = caller("key 11", later(59)).await.unwrap();
        assert_eq!((found.key, found.user.id, found.organization.id), (uuid(11), BOB, HOME));
        assert_eq!(found.organization.role, OrgRole::Member);
        assert_eq!(found.scopes, [Permission::ReadTasks, Permission::StartExecutions]);
        assert!(caller("key 12", later(59)).await.is_some());
        assert!(caller("key 12", later(60)).await.is_none());
        assert!(caller("key 99", NOW).await.is_none());

        assert!(storage.touch_api_key(&found, later(100)).await.unwrap());
        assert!(!storage.touch_api_key(&found, later(100)).await.unwrap(), "another one did");
        let found = caller("key 11", later(110)).await.unwrap();
        assert_eq!(found.last_used_at, Some(later(100)));
        assert!(!storage.touch_api_key(&found, later(159)).await.unwrap());
        assert!(storage.touch_api_key(&found, later(160)).await.unwrap());

        let home = storage.tenant(HOME);
        let ids = async |owner| -> Vec<u128> {
            let keys = home.api_keys(owner, EVERYTHING).await.unwrap();
            keys.iter().map(|key| key.id.as_u128() - uuid(0).as_u128()).collect()
        };
        assert_eq!(ids(None).await, [13, 12, 11]);
        assert_eq!(ids(Some(BOB)).await, [12, 11]);
        let author = by(BOB, later(200));
        let renamed = home.rename_api_key(&author, Some(BOB), uuid(11), "deploy").await.unwrap().unwrap();
        assert_eq!(renamed.name, "deploy");
        assert_eq!(home.rename_api_key(&author, Some(BOB), uuid(13), "mine").await.unwrap(), None);
        assert!(!home.revoke_api_key(&author, Some(BOB), uuid(13)).await.unwrap(), "it is Ada's");
        assert!(home.revoke_api_key(&author, None, uuid(13)).await.unwrap());
        assert!(!home.revoke_api_key(&author, None, uuid(13)).await.unwrap());
        assert!(caller("key 13", later(1)).await.is_none());
        assert_eq!(home.api_key(None, uuid(13)).await.unwrap(), None);

        let foreign = storage.tenant(EVES);
        assert!(foreign.api_keys(None, EVERYTHING).await.unwrap().is_empty());
        assert_eq!(foreign.api_key(None, uuid(11)).await.unwrap(), None);
        assert_eq!(foreign.rename_api_key(&author, None, uuid(11), "mine").await.unwrap(), None);
        assert!(!foreign.revoke_api_key(&author, None, uuid(11)).await.unwrap());
        assert!(audited(&storage, EVES).await.is_empty());
        let kept = home.api_key(Some(BOB), uuid(11)).await.unwrap().unwrap();
        assert_eq!(kept.name, "deploy");

        home.leave_organization(&by(BOB, later(300)), BOB).await.unwrap();
        assert!(caller("key 11", later(301)).await.is_none());
        let told = audited(&storage, HOME).await.join(" ");
        assert!(told.contains("api_key.created api_key.renamed api_key.revoked member.left"), "{told}");
    })
    .await;
}

#[tokio::test]
async fn nobody_has_more_keys_than_they_may_even_if_they_ask_at_once() {
    each_database(async |storage| {
        three(&storage).await;
        let wanted = 20 + u128::from(MAX_API_KEYS);
        let made = futures::future::join_all((0..wanted).map(|n| make(&storage, key(100 + n, ADA)))).await;
        let refused = made.iter().filter(|made| **made == ApiKeyCreation::TooMany).count();
        assert_eq!(refused, 20);
        let home = storage.tenant(HOME);
        let newest = home.api_keys(None, EVERYTHING).await.unwrap()[0].id;
        assert!(home.revoke_api_key(&by(ADA, NOW), None, newest).await.unwrap());
        assert!(matches!(make(&storage, key(900, ADA)).await, ApiKeyCreation::Done(_)));
    })
    .await;
}

fn link(subject: &str, user: UserId) -> IdentityLinkRow {
    IdentityLinkRow {
        provider: "google".into(),
        subject: subject.into(),
        user,
        email: "ada@gmail.test".into(),
        created_at: NOW,
    }
}

#[tokio::test]
async fn an_account_at_a_provider_is_one_persons_and_the_only_way_in_stays() {
    each_database(async |storage| {
        three(&storage).await;
        let new = NewUser {
            id: UserId(uuid(7)),
            email: "joe@x.test".into(),
            name: "joe".into(),
            password_hash: None,
            organization: (squad_domain::ids::OrgId(uuid(1007)), "joe's".into()),
            at: NOW,
        };
        let joe = storage.create_user(new, HOME).await.unwrap().unwrap().id;
        assert_eq!(storage.link_identity(link("s1", joe)).await.unwrap(), Linked::Done);
        assert_eq!(storage.link_identity(link("s1", joe)).await.unwrap(), Linked::Done);
        assert_eq!(storage.link_identity(link("s1", ADA)).await.unwrap(), Linked::Taken);
        assert_eq!(storage.link_identity(link("s9", UserId(uuid(99)))).await.unwrap(), Linked::NotFound);
        assert_eq!(storage.identity_link("google", "s1").await.unwrap(), Some(link("s1", joe)));
        assert_eq!(storage.identity_link("auth0", "s1").await.unwrap(), None);

        assert_eq!(storage.unlink_identity(joe, "google", "s1").await.unwrap(), Unlinked::OnlyWayIn);
        assert_eq!(storage.unlink_identity(ADA, "google", "s1").await.unwrap(), Unlinked::NotFound);
        assert_eq!(storage.link_identity(link("s2", joe)).await.unwrap(), Linked::Done);
        let race = ["s1", "s2"].map(|subject| storage.unlink_identity(joe, "google", subject));
        let outcomes = futures::future::join_all(race).await;
        let done = outcomes.iter().filter(|outcome| *outcome.as_ref().unwrap() == Unlinked::Done).count();
        assert_eq!((done, storage.identity_links(joe).await.unwrap().len()), (1, 1));
        storage.link_identity(link("s3", ADA)).await.unwrap();
        assert_eq!(storage.unlink_identity(ADA, "google", "s3").await.unwrap(), Unlinked::Done);
    })
    .await;
}

#[tokio::test]
async fn a_browser_comes_back_from_a_provider_once_and_in_time() {
    each_database(async |storage| {
        three(&storage).await;
        let state = |hash: &str, link_user, seconds| OidcStateRow {
            state_hash: hash.into(),
            provider: "google".into(),
            nonce: "n".into(),
            pkce_verifier_sealed: "v".into(),
            redirect: "/board".into(),
            link_user,
            created_at: NOW,
            expires_at: later(seconds),
        };
        storage.add_oidc_state(state("a", Some(ADA), 60)).await.unwrap();
        storage.add_oidc_state(state("b", None, 60)).await.unwrap();
        let race = (0..10).map(|_| storage.take_oidc_state("a", later(1)));
        let taken: Vec<_> =
            futures::future::join_all(race).await.into_iter().filter_map(Result::unwrap).collect();
        assert_eq!(taken, [state("a", Some(ADA), 60)]);
        assert_eq!(storage.take_oidc_state("b", later(60)).await.unwrap(), None);
        assert_eq!(storage.take_oidc_state("c", NOW).await.unwrap(), None);
    })
    .await;
}

#[tokio::test]
async fn sign_ins_are_told_to_every_organization_of_theirs_and_no_other() {
    each_database(async |storage| {
        three(&storage).await;
        join(&storage, BOB, OrgRole::Viewer).await;
        let details = json!({ "how": "password" });
        let told = storage.audit_sign_in(BOB, &by(BOB, later(9)), "user.signed_in", details).await.unwrap();
        assert_eq!(told, 2);
        let entry = &storage.tenant(HOME).audit_entries(1, None).await.unwrap()[0];
        assert_eq!((entry.action.as_str(), entry.subject.clone()), ("user.signed_in", BOB.to_string()));
        assert_eq!((entry.address.as_str(), &entry.details["how"]), ("10.0.0.1", &json!("password")));
        assert_eq!(audited(&storage, BOBS).await, ["user.signed_in"]);
        assert!(audited(&storage, EVES).await.is_empty());
        // Two people of the same organizations at once do not wait for each other for ever.
        let both = (0..30).map(|n| {
            let storage = storage.clone();
            let user = if n % 2 == 0 { ADA } else { BOB };
            async move {
                storage.audit_sign_in(user, &by(user, later(n)), "user.signed_in", json!({})).await.unwrap()
            }
        });
        futures::future::join_all(both).await;
        assert_eq!(audited(&storage, HOME).await.len(), 33);
    })
    .await;
}
