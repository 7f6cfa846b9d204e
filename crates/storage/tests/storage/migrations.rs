//! Tables: made once, by whoever comes first, and never by an older program.

use crate::common::*;
use sea_orm::ConnectionTrait as _;
use squad_storage::{Storage, StorageError};
use squad_testkit::{each_backend, spec};

#[tokio::test]
async fn migrating_again_keeps_everything() {
    each_backend(async |database| {
        let storage = database.open().await;
        let id = create(&storage, 1, &spec()).await;
        storage.migrate().await.unwrap();
        storage.close().await;
        let storage = database.open().await;
        assert_eq!(storage.last_seq(id).await.unwrap(), Some(1));
        storage.close().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn several_workers_may_start_on_an_empty_database_at_once() {
    each_backend(async |database| {
        let starts = (0..4).map(|_| {
            let url = database.url().to_owned();
            tokio::spawn(async move {
                let storage = Storage::connect(&url).await.unwrap();
                storage.migrate().await.unwrap();
                storage
            })
        });
        for (number, storage) in (0..).zip(futures::future::join_all(starts).await) {
            let storage = storage.unwrap();
            create(&storage, number, &spec()).await;
            storage.close().await;
        }
    })
    .await;
}

#[tokio::test]
async fn a_database_of_a_newer_program_is_left_alone() {
    each_backend(async |database| {
        let storage = database.open().await;
        let connection = sea_orm::Database::connect(database.url()).await.unwrap();
        let newer = "INSERT INTO seaql_migrations (version, applied_at) VALUES ('m9999_telepathy', 0)";
        connection.execute_unprepared(newer).await.unwrap();
        connection.close().await.unwrap();
        let refused = storage.migrate().await.unwrap_err();
        assert!(matches!(&refused, StorageError::Newer { migration } if migration == "m9999_telepathy"));
        assert!(refused.to_string().contains("update squad"), "{refused}");
        storage.close().await;
    })
    .await;
}
