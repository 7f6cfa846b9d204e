//! Two processes on one SQLite file: real ones, because a file's locks are a process's.

use crate::common::*;
use squad_storage::Storage;
use squad_testkit::{Backend, TestDatabase, spec};
use std::process::{Command, Stdio};

const URL: &str = "SQUAD_TEST_OTHER_PROCESS";
const APPENDS: u64 = 60;

async fn append_many(storage: &Storage, number: u32) {
    for seq in 1..=APPENDS {
        storage.append(id(number), seen(seq), NOW, vec![note("x")]).await.unwrap();
    }
}

/// What the other process does. By itself it does nothing.
#[tokio::test]
async fn other_process() {
    let Ok(url) = std::env::var(URL) else { return };
    append_many(&Storage::connect(&url).await.unwrap(), 2).await;
}

#[tokio::test]
async fn two_processes_share_a_file() {
    let database = TestDatabase::new(Backend::Sqlite).await;
    let storage = database.open().await;
    create(&storage, 1, &spec()).await;
    create(&storage, 2, &spec()).await;
    let mut other = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "two_processes::other_process"])
        .env(URL, database.url())
        .stdout(Stdio::null())
        .spawn()
        .unwrap();
    append_many(&storage, 1).await;
    let ended = tokio::task::spawn_blocking(move || other.wait()).await.unwrap().unwrap();
    assert!(ended.success());
    for number in [1, 2] {
        assert_eq!(storage.events(id(number), 0, 1_000).await.unwrap().len() as u64, APPENDS + 1);
    }
}
