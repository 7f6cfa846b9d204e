//! The end of organizations and accounts: nothing of them is left, and nothing of others is gone.

use crate::common::{NOW, create, id, push, state};
use crate::people::*;
use sea_orm::{ConnectionTrait as _, DatabaseConnection, Statement};
use serde_json::json;
use squad_domain::execution::Status;
use squad_domain::ids::OrgId;
use squad_domain::permission::{OrgRole, Permission};
use squad_storage::{IdentityLinkRow, NewApiKey, OrganizationDeletion, Storage, UserDeletion};
use squad_testkit::{Backend, TestDatabase, each_backend, each_database, spec};
use std::collections::BTreeMap;
use uuid::Uuid;

/// An execution in an organization, which has come to its end.
async fn worked(storage: &Storage, number: u32, org: OrgId) {
    let mut spec = spec();
    spec.org = org;
    spec.squad.id.0 = Uuid::from_u128(org.0.as_u128() + 7);
    let id = create(storage, number, &spec).await;
    push(storage, id, vec![state(Status::Pending, Status::Cancelled)]).await.unwrap();
}

/// How many rows each table holds of an organization.
async fn rows(database: &TestDatabase, connection: &DatabaseConnection, org: OrgId) -> BTreeMap<String, i64> {
    let tables = match database.backend() {
        Backend::Sqlite => {
            "SELECT t.name FROM sqlite_schema t JOIN pragma_table_info(t.name) c ON c.name = 'org_id' WHERE t.type = 'table'"
        }
        Backend::Postgres => {
            "SELECT table_name::text AS name FROM information_schema.columns WHERE column_name = 'org_id'"
        }
    };
    let backend = connection.get_database_backend();
    let mut counts = BTreeMap::new();
    for table in connection.query_all_raw(Statement::from_string(backend, tables)).await.unwrap() {
        let table: String = table.try_get("", "name").unwrap();
        let count = format!("SELECT count(*) AS n FROM {table} WHERE org_id = $1");
        let count = Statement::from_sql_and_values(backend, count, [org.0.into()]);
        let count = connection.query_one_raw(count).await.unwrap().unwrap();
        counts.insert(table, count.try_get("", "n").unwrap());
    }
    counts
}

#[tokio::test]
async fn of_a_deleted_organization_its_audit_log_is_left_and_others_lose_nothing() {
    each_backend(async |database| {
        let storage = database.open().await;
        three(&storage).await;
        worked(&storage, 1, BOBS).await;
        worked(&storage, 2, EVES).await;
        let bobs = storage.tenant(BOBS);
        let key = NewApiKey {
            id: uuid(10),
            user: BOB,
            name: "ci".into(),
            hash: "key".into(),
            hint: "…".into(),
            scopes: vec![Permission::ReadTasks],
            expires_at: None,
        };
        bobs.create_api_key(&by(BOB, NOW), key).await.unwrap();
        let mut invitation = invitation(11, "joe@x.test", OrgRole::Member);
        invitation.invited_by = Some(BOB);
        bobs.invite(&by(BOB, NOW), invitation).await.unwrap();
        let session = sign_in(&storage, 12, BOB).await;
        let connection = sea_orm::Database::connect(database.url()).await.unwrap();
        let (before, others) =
            (rows(database, &connection, BOBS).await, rows(database, &connection, EVES).await);
        assert!(before.values().filter(|count| **count > 0).count() >= 8, "{before:?}");

        create(&storage, 3, &{
            let mut spec = spec();
            (spec.org, spec.squad.id.0) = (BOBS, Uuid::from_u128(BOBS.0.as_u128() + 7));
            spec
        })
        .await;
        let delete = async || storage.delete_organization(&by(BOB, later(5)), BOBS).await.unwrap();
        assert_eq!(delete().await, OrganizationDeletion::Busy(1));
        push(&storage, id(3), vec![state(Status::Pending, Status::Cancelled)]).await.unwrap();
        assert_eq!(delete().await, OrganizationDeletion::Done);
        assert_eq!(delete().await, OrganizationDeletion::NotFound);

        let mut after = rows(database, &connection, BOBS).await;
        assert_eq!((after.remove("audit_entries"), after.remove("audit_heads")), (Some(3), Some(1)));
        assert!(after.values().all(|count| *count == 0), "{after:?}");
        assert_eq!(rows(database, &connection, EVES).await, others);
        assert_eq!(audited(&storage, BOBS).await.last().unwrap(), "organization.deleted");
        let caller = storage.caller(session, None, later(6)).await.unwrap().unwrap();
        assert_eq!(caller.organization, None, "he is signed in, and nowhere");
        connection.close().await.unwrap();
        storage.close().await;
    })
    .await;
}

#[tokio::test]
async fn an_account_goes_with_all_that_is_its_own_unless_others_would_be_left_without_an_owner() {
    each_database(async |storage| {
        three(&storage).await;
        join(&storage, BOB, OrgRole::Admin).await;
        let session = sign_in(&storage, 10, ADA).await;
        let delete = async |user| storage.delete_user(&by(user, later(5)), user, HOME).await.unwrap();
        assert_eq!(delete(ADA).await, UserDeletion::OnlyOwner(vec![(HOME, "Home".into())]));
        assert!(storage.caller(session, None, later(5)).await.unwrap().is_some(), "nothing has changed");
        storage.tenant(HOME).transfer_ownership(&by(ADA, NOW), ADA, BOB).await.unwrap();
        assert_eq!(delete(ADA).await, UserDeletion::Done(vec![]));
        assert_eq!(storage.caller(session, None, later(5)).await.unwrap(), None);
        assert!(storage.account_of("ada@x.test").await.unwrap().is_none());
        assert_eq!(storage.tenant(HOME).org_members(EVERYTHING).await.unwrap().len(), 1);
        assert_eq!(audited(&storage, HOME).await.last().unwrap(), "member.deleted_account");
        assert_eq!(delete(ADA).await, UserDeletion::NotFound);

        assert_eq!(
            delete(BOB).await,
            UserDeletion::OnlyOwner(vec![(HOME, "Home".into())]),
            "it is the local one"
        );

        worked(&storage, 1, EVES).await;
        storage.begin_totp(EVE, "sealed", NOW).await.unwrap();
        assert_eq!(delete(EVE).await, UserDeletion::Done(vec![EVES]));
        assert_eq!(storage.totp(EVE).await.unwrap(), None);
        assert_eq!(storage.last_seq(id(1)).await.unwrap(), None, "her organization went with her");
        assert_eq!(audited(&storage, EVES).await, ["organization.deleted"]);
    })
    .await;
}

#[tokio::test]
async fn work_under_way_keeps_an_account() {
    each_database(async |storage| {
        three(&storage).await;
        let mut spec = spec();
        spec.org = EVES;
        create(&storage, 1, &spec).await;
        let kept = storage.delete_user(&by(EVE, NOW), EVE, HOME).await.unwrap();
        assert_eq!(kept, UserDeletion::Busy(vec![(EVES, "eve's".into())]));
        assert!(storage.account(EVE).await.unwrap().is_some());
    })
    .await;
}

#[tokio::test]
async fn an_export_holds_all_of_it_and_no_secret() {
    each_database(async |storage| {
        three(&storage).await;
        join(&storage, BOB, OrgRole::Admin).await;
        sign_in(&storage, 10, BOB).await;
        let key = NewApiKey {
            id: uuid(11),
            user: BOB,
            name: "ci".into(),
            hash: "hash of the key".into(),
            hint: "…ab12".into(),
            scopes: vec![Permission::ReadTasks],
            expires_at: None,
        };
        storage.tenant(HOME).create_api_key(&by(BOB, later(2)), key).await.unwrap();
        let mut sent = invitation(12, "joe@x.test", OrgRole::Member);
        sent.invited_by = Some(BOB);
        storage.tenant(HOME).invite(&by(BOB, later(3)), sent).await.unwrap();
        let link = IdentityLinkRow {
            provider: "google".into(),
            subject: "s1".into(),
            user: BOB,
            email: "bob@gmail.test".into(),
            created_at: NOW,
        };
        storage.link_identity(link).await.unwrap();
        let export = storage.export_user(BOB).await.unwrap().unwrap();
        let export = serde_json::to_value(&export).unwrap();
        assert_eq!(export["profile"]["email"], "bob@x.test");
        assert_eq!(export["profile"]["created_at"], "2026-01-02T03:04:05.123456Z");
        assert_eq!(export["sessions"].as_array().unwrap().len(), 1);
        assert_eq!(export["memberships"][1]["role"], "admin");
        assert_eq!(export["api_keys"][0]["scopes"], json!(["tasks:read"]));
        assert_eq!(export["invitations"][0]["email"], "joe@x.test");
        assert_eq!(export["identity_links"][0]["subject"], "s1");
        let actions = export["audit_entries"].as_array().unwrap().iter().map(|entry| &entry["action"]);
        assert_eq!(actions.collect::<Vec<_>>(), ["invitation.sent", "api_key.created", "member.joined"]);
        let text = export.to_string();
        assert!(!text.contains("hash of") && !text.contains("refresh 10"), "{text}");
        assert!(!text.contains(&EVE.to_string()) && !text.contains("eve@"), "{text}");
        assert!(storage.export_user(squad_domain::ids::UserId(uuid(9))).await.unwrap().is_none());
    })
    .await;
}
