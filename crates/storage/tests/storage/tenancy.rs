//! Organizations: what one does, no other sees; what is done is written down.

use crate::common::*;
use sea_orm::{ConnectionTrait as _, TransactionTrait as _};
use squad_domain::ids::{OrgId, UserId};
use squad_storage::{Author, Change, NewUser};
use squad_testkit::{Backend, each_backend, each_database, spec};
use uuid::Uuid;

const ORG: OrgId = OrgId(Uuid::from_u128(0x01));

fn author() -> Author {
    Author { actor: "user:ada".into(), address: "127.0.0.1".into(), at: NOW }
}

async fn found(storage: &squad_storage::Storage) {
    let user = NewUser {
        id: UserId(Uuid::from_u128(0xada)),
        email: "ada@example.com".into(),
        name: "Ada".into(),
        password_hash: None,
        organization: (ORG, "Engines".into()),
        at: NOW,
    };
    storage.create_user(user, ORG).await.unwrap().unwrap();
}

#[tokio::test]
async fn every_change_is_written_down_and_the_chain_shows_what_was_forged() {
    each_backend(async |database| {
        let storage = database.open().await;
        found(&storage).await;
        let tenant = storage.tenant(ORG);
        for name in ["One", "Two", "Three"] {
            let renamed = tenant.rename_organization(&author(), None, name).await.unwrap();
            assert!(matches!(renamed, Change::Done(_)), "{renamed:?}");
        }
        let proof = tenant.prove_audit().await.unwrap();
        assert_eq!((proof.entries, proof.broken_at), (3, None));
        let newest = &tenant.audit_entries(1, None).await.unwrap()[0];
        assert_eq!((newest.seq, newest.action.as_str()), (3, "organization.renamed"));
        assert_eq!(newest.details["name"], "Three");
        // Somebody with the database in their hands takes the wall down first.
        let connection = sea_orm::Database::connect(database.url()).await.unwrap();
        let forge = "UPDATE audit_entries SET details = '{\"name\":\"Other\"}' WHERE seq = 2";
        let refused = connection.execute_unprepared(forge).await.unwrap_err().to_string();
        assert!(refused.contains("append-only"), "{refused}");
        let delete = connection.execute_unprepared("DELETE FROM audit_entries").await.unwrap_err();
        assert!(delete.to_string().contains("append-only"), "{delete}");
        let open = match database.backend() {
            Backend::Sqlite => "DROP TRIGGER audit_entries_stays_UPDATE",
            Backend::Postgres => "ALTER TABLE audit_entries DISABLE TRIGGER ALL",
        };
        connection.execute_unprepared(open).await.unwrap();
        connection.execute_unprepared(forge).await.unwrap();
        connection.close().await.unwrap();
        assert_eq!(tenant.prove_audit().await.unwrap().broken_at, Some(2));
        storage.close().await;
    })
    .await;
}

#[tokio::test]
async fn changes_at_once_make_one_chain() {
    each_database(async |storage| {
        found(&storage).await;
        let tenant = storage.tenant(ORG);
        let writes = (0..40).map(|number| {
            let tenant = tenant.clone();
            async move { tenant.rename_organization(&author(), None, &format!("N{number}")).await.unwrap() }
        });
        let renamed = futures::future::join_all(writes).await;
        let versions: std::collections::BTreeSet<u64> = renamed
            .iter()
            .map(|change| match change {
                Change::Done(row) => row.version(),
                other => panic!("{other:?}"),
            })
            .collect();
        assert_eq!(versions.len(), 40, "each change is a version");
        let late = tenant.rename_organization(&author(), versions.first().copied(), "Late").await.unwrap();
        assert!(matches!(late, Change::Stale(_)), "{late:?}");
        let proof = tenant.prove_audit().await.unwrap();
        assert_eq!((proof.entries, proof.broken_at), (40, None));
    })
    .await;
}

#[tokio::test]
async fn a_change_that_changes_nothing_leaves_no_entry() {
    each_database(async |storage| {
        found(&storage).await;
        let other = storage.tenant(OrgId(Uuid::from_u128(0x99)));
        assert_eq!(other.rename_organization(&author(), None, "Mine").await.unwrap(), Change::NotFound);
        assert_eq!(other.prove_audit().await.unwrap().entries, 0);
    })
    .await;
}

/// The second wall: even a statement that forgets its condition sees one organization, or, where none is named, nothing.
#[tokio::test]
async fn on_postgres_a_query_without_an_organization_sees_nothing() {
    let database = squad_testkit::TestDatabase::new(Backend::Postgres).await;
    let storage = database.open().await;
    found(&storage).await;
    create(&storage, 1, &spec()).await;
    let mut foreign = spec();
    foreign.org = OrgId(Uuid::from_u128(0x99));
    foreign.squad.id.0 = Uuid::from_u128(0x98);
    create(&storage, 2, &foreign).await;
    storage.tenant(ORG).rename_organization(&author(), None, "One").await.unwrap();
    let connection = sea_orm::Database::connect(database.url()).await.unwrap();
    let tables = connection
        .query_all_raw(sea_orm::Statement::from_string(
            sea_orm::DbBackend::Postgres,
            "SELECT c.relname::text AS name, c.relrowsecurity AS walled FROM pg_class c \
             JOIN pg_namespace n ON n.oid = c.relnamespace JOIN pg_attribute a ON a.attrelid = c.oid \
             WHERE n.nspname = 'public' AND c.relkind = 'r' AND a.attname = 'org_id' AND NOT a.attisdropped",
        ))
        .await
        .unwrap();
    assert!(tables.len() >= 12, "{}", tables.len());
    for row in tables {
        let table: String = row.try_get("", "name").unwrap();
        assert!(
            row.try_get::<bool>("", "walled").unwrap(),
            "`{table}` has no row-level security: `protect` it"
        );
        for (org, most) in [(None, 0), (Some(ORG), i64::MAX)] {
            let transaction = connection.begin().await.unwrap();
            let org_name = org.map(|org| org.to_string()).unwrap_or_default();
            transaction
                .execute_unprepared(&format!(
                    "SET LOCAL ROLE squad_tenant; SET LOCAL squad.org = '{org_name}'"
                ))
                .await
                .unwrap();
            let count = |condition: &str| {
                sea_orm::Statement::from_string(
                    sea_orm::DbBackend::Postgres,
                    format!("SELECT count(*) AS n FROM {table} WHERE {condition}"),
                )
            };
            let seen = transaction.query_one_raw(count("true")).await.unwrap().unwrap();
            assert!(seen.try_get::<i64>("", "n").unwrap() <= most, "`{table}` shows rows to nobody");
            let strange = count(&format!("org_id <> '{ORG}'"));
            let strange = transaction.query_one_raw(strange).await.unwrap().unwrap();
            assert_eq!(strange.try_get::<i64>("", "n").unwrap(), 0, "`{table}` shows rows of others");
        }
    }
    connection.close().await.unwrap();
    storage.close().await;
    database.remove().await;
}
