//! Databases that cannot be opened say why, and what to do.

use crate::common::*;
use sea_orm::{ConnectionTrait as _, Statement};
use squad_storage::{ExecutionFilter, Storage, StorageError, sqlite_url};
use squad_testkit::{Backend, TestDatabase, spec};
use std::os::unix::fs::PermissionsExt as _;

#[tokio::test]
async fn a_new_file_is_its_owners_alone() {
    let folder = tempfile::tempdir().unwrap();
    // What would mean something else in an address must not.
    let path = folder.path().join("a b%20c?d#e").join("data").join("squad.db");
    let storage = Storage::connect(&sqlite_url(&path)).await.unwrap();
    storage.migrate().await.unwrap();
    create(&storage, 1, &spec()).await;
    let mode = |path: &std::path::Path| path.metadata().unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(path.parent().unwrap()), 0o700);
    assert_eq!(mode(path.parent().unwrap().parent().unwrap()), 0o700);
    for file in std::fs::read_dir(path.parent().unwrap()).unwrap() {
        let file = file.unwrap().path();
        assert_eq!(mode(&file), 0o600, "{}", file.display());
    }
    storage.close().await;
    assert!(path.exists());
}

#[tokio::test]
async fn who_only_looks_makes_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("data").join("squad.db");
    let refused = Storage::open(&sqlite_url(&path)).await.unwrap_err();
    assert!(matches!(&refused, StorageError::Missing { path: missing } if *missing == path), "{refused:?}");
    assert!(!path.parent().unwrap().exists());
    Storage::connect(&sqlite_url(&path)).await.unwrap().migrate().await.unwrap();
    Storage::open(&sqlite_url(&path)).await.unwrap().migrate().await.unwrap();
}

#[tokio::test]
async fn a_file_that_is_no_database_is_not_touched() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("notes.txt");
    let notes = "not a database, but somebody's notes\n".repeat(100);
    std::fs::write(&path, &notes).unwrap();
    let refused = Storage::connect(&sqlite_url(&path)).await.unwrap_err();
    assert!(matches!(refused, StorageError::Corrupt { .. }), "{refused:?}");
    assert!(refused.to_string().contains("notes.txt"), "{refused}");
    assert_eq!(std::fs::read_to_string(&path).unwrap(), notes);
}

#[tokio::test]
async fn a_damaged_database_says_so() {
    let database = TestDatabase::new(Backend::Sqlite).await;
    let storage = database.open().await;
    create(&storage, 1, &spec()).await;
    storage.close().await;
    let path = database.url().strip_prefix("sqlite://").unwrap();
    let mut bytes = std::fs::read(path).unwrap();
    bytes[100..4096].fill(0x5a);
    std::fs::write(path, bytes).unwrap();
    let refused = Storage::connect(database.url()).await.unwrap_err();
    assert!(matches!(refused, StorageError::Corrupt { .. }), "{refused:?}");
}

#[tokio::test]
async fn damage_that_only_reading_finds_is_named_as_such() {
    let database = TestDatabase::new(Backend::Sqlite).await;
    let storage = database.open().await;
    create(&storage, 1, &spec()).await;
    storage.close().await;
    // Only the executions themselves: what opening looks at is whole.
    let connection = sea_orm::Database::connect(database.url()).await.unwrap();
    let row = connection
        .query_one_raw(Statement::from_string(
            connection.get_database_backend(),
            "SELECT rootpage, page_size FROM sqlite_schema, pragma_page_size WHERE name = 'executions'",
        ))
        .await
        .unwrap()
        .unwrap();
    let at = |column: &str| usize::try_from(row.try_get::<i64>("", column).unwrap()).unwrap();
    let (page, size) = (at("rootpage") - 1, at("page_size"));
    connection.close().await.unwrap();
    let path = database.url().strip_prefix("sqlite://").unwrap();
    let mut bytes = std::fs::read(path).unwrap();
    bytes[page * size..][..size].fill(0x5a);
    std::fs::write(path, bytes).unwrap();
    let storage = Storage::connect(database.url()).await.unwrap();
    let refused = storage.executions(10, ExecutionFilter::default()).await.unwrap_err();
    assert!(matches!(refused, StorageError::Damaged { .. }), "{refused:?}");
    assert!(refused.to_string().contains("restore a backup"), "{refused}");
}

#[tokio::test]
async fn a_place_that_cannot_be_written_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("file");
    std::fs::write(&file, "").unwrap();
    for path in [file.join("squad.db"), folder.path().to_owned()] {
        let refused = Storage::connect(&sqlite_url(&path)).await.unwrap_err();
        assert!(matches!(refused, StorageError::NotWritable { .. }), "{refused:?}");
        assert!(refused.to_string().contains(path.to_str().unwrap()), "{refused}");
    }
}

#[tokio::test]
async fn addresses_that_make_no_sense_are_refused() {
    for url in [
        "",
        "squad.db",
        "mysql://root:secret@localhost/x",
        "sqlite:",
        "sqlite::memory:",
        "postgres://[secret",
    ] {
        let refused = Storage::connect(url).await.unwrap_err();
        assert!(matches!(refused, StorageError::InvalidUrl { .. }), "{url}: {refused:?}");
        assert!(!format!("{refused} {refused:?}").contains("secret"), "{refused}");
    }
}

#[tokio::test]
async fn postgres_says_what_it_refuses_and_nobody_sees_the_password() {
    let unreachable = "postgres://squad:secret@127.0.0.1:1/squad".to_owned();
    let database = TestDatabase::new(Backend::Postgres).await;
    let (server, query) = database.url().split_once('?').unwrap_or((database.url(), ""));
    let (server, name) = server.rsplit_once('/').unwrap();
    let connection = sea_orm::Database::connect(database.url()).await.unwrap();
    let role = format!("guest_{name}");
    connection.execute_unprepared(&format!("CREATE ROLE {role} LOGIN PASSWORD 'right'")).await.unwrap();
    let host = server.rsplit_once('@').map_or("localhost", |(_, host)| host);
    let guest = format!("postgres://{role}:secret@{host}/{name}?{query}");
    let nowhere = format!("{server}/no_such_database?{query}");

    let refused = async |url: &str| {
        let refused = Storage::connect(url).await.unwrap_err();
        assert!(!format!("{refused} {refused:?}").contains("secret"), "{refused:?}");
        refused
    };
    let error = refused(&unreachable).await;
    assert!(
        matches!(&error, StorageError::Unreachable { server, .. } if server.contains("127.0.0.1:1")),
        "{error:?}"
    );
    let error = refused(&guest).await;
    assert!(matches!(&error, StorageError::Refused { user, .. } if *user == role), "{error:?}");
    let error = refused(&nowhere).await;
    assert!(
        matches!(&error, StorageError::NoDatabase { database, .. } if database == "no_such_database"),
        "{error:?}"
    );

    connection.execute_unprepared(&format!("DROP ROLE {role}")).await.unwrap();
    connection.close().await.unwrap();
    database.remove().await;
}
