//! Processes: real ones, because a file's locks are a process's, and only a process can be killed.

use crate::common::*;
use rustix::process::{Pid, Signal, kill_process};
use sea_orm::{ConnectionTrait as _, Database, DatabaseConnection, DbBackend, Statement};
use squad_storage::{BudgetScope, ClaimOutcome, Storage};
use squad_testkit::{Backend, TestDatabase, each_backend, spec};
use std::io::{BufRead as _, BufReader};
use std::process::{Child, Command, Stdio};

const URL: &str = "SQUAD_TEST_OTHER_PROCESS";
const TURNS: u64 = 60;

/// Turns of Bea's work on execution `number`, each with a call reserved and settled. Says which event is committed.
#[expect(clippy::print_stdout, reason = "the process that started this one reads it")]
async fn work(storage: &Storage, number: u32, turns: u64) {
    let mut last = 2;
    for turn in 0..turns {
        let step = format!("turn {turn}");
        for event in [started("work/s1/1", &step, "0.10"), finished("work/s1/1", &step, "0.01")] {
            last = storage.append(id(number), seen(last), NOW, vec![event]).await.unwrap()[0].seq;
            println!("committed {last}");
        }
    }
}

/// What the other process does. By itself it does nothing.
#[tokio::test]
async fn other_process() {
    let Ok(task) = std::env::var(URL) else { return };
    let (turns, url) = task.split_once(' ').unwrap();
    work(&Storage::connect(url).await.unwrap(), 2, turns.parse().unwrap()).await;
}

fn other(url: &str, turns: u64) -> Child {
    Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "two_processes::other_process", "--nocapture"])
        .env(URL, format!("{turns} {url}"))
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap()
}

/// The other process' log has no gap, its squad's money is what its events say, and it can go on.
async fn check(storage: &Storage, number: u32, at_least: u64) {
    let last = storage.last_seq(id(number)).await.unwrap().unwrap();
    assert!(last >= at_least, "{last} < {at_least}: what was answered is committed");
    let events = storage.events(id(number), 0, 100_000).await.unwrap();
    assert_eq!(events.iter().map(|event| event.seq).collect::<Vec<_>>(), (1..=last).collect::<Vec<_>>());
    let settled = (last - 2) / 2;
    let open = (last - 2) % 2;
    let budget = storage.budget(&BudgetScope::Execution(id(number))).await.unwrap().unwrap();
    assert_eq!(budget.spent.micros(), settled * 10_000);
    assert_eq!(budget.reserved.micros(), open * 100_000);
    storage.append(id(number), seen(last), NOW, vec![note("on we go")]).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn two_processes_share_a_file() {
    let database = TestDatabase::new(Backend::Sqlite).await;
    let storage = database.open().await;
    working(&storage, 1, &spec()).await;
    working(&storage, 2, &spec()).await;
    let mut child = other(database.url(), TURNS);
    work(&storage, 1, TURNS).await;
    let ended = tokio::task::spawn_blocking(move || child.wait()).await.unwrap().unwrap();
    assert!(ended.success());
    check(&storage, 1, 2 + 2 * TURNS).await;
    check(&storage, 2, 2 + 2 * TURNS).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_process_that_is_killed_loses_nothing_that_it_was_told_is_stored() {
    each_backend(async |database| {
        let storage = database.open().await;
        working(&storage, 2, &spec()).await;
        let mut child = other(database.url(), 1_000_000);
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let reading = tokio::task::spawn_blocking(move || {
            let mut answered = lines
                .map_while(Result::ok)
                .filter_map(|line| line.rsplit_once("committed ")?.1.parse::<u64>().ok());
            let enough = answered.find(|seq| *seq >= 57);
            child.kill().unwrap();
            child.wait().unwrap();
            // What it still said before it died counts too.
            answered.last().or(enough)
        });
        let answered = reading.await.unwrap().expect("the other process got so far");
        check(&storage, 2, answered).await;
        storage.close().await;
    })
    .await;
}

/// How many sessions of the database have changed something, have not said that this was all, and do nothing.
async fn in_the_middle(observer: &DatabaseConnection) -> i64 {
    let query = "SELECT count(*) AS sessions FROM pg_stat_activity \
        WHERE datname = current_database() AND state = 'idle in transaction' AND backend_xid IS NOT NULL";
    let row =
        observer.query_one_raw(Statement::from_string(DbBackend::Postgres, query)).await.unwrap().unwrap();
    row.try_get("", "sessions").unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_process_that_is_frozen_in_the_middle_of_a_transaction_does_not_keep_what_it_held() {
    let database = TestDatabase::new(Backend::Postgres).await;
    let storage = database.open().await;
    working(&storage, 2, &spec()).await;
    let observer = Database::connect(database.url()).await.unwrap();
    let mut child = other(database.url(), 1_000_000);
    let process = Pid::from_child(&child);
    while storage.last_seq(id(2)).await.unwrap().unwrap() < 10 {
        tokio::task::yield_now().await;
    }
    loop {
        kill_process(process, Signal::STOP).unwrap();
        if in_the_middle(&observer).await > 0 {
            break;
        }
        kill_process(process, Signal::CONT).unwrap();
        tokio::task::yield_now().await;
    }
    // Another worker takes the execution up and goes on, though the frozen process is still there.
    let claimed = storage.claim_one(id(2), "heir", NOW, TTL).await.unwrap();
    assert!(matches!(claimed, ClaimOutcome::Claimed(_)), "{claimed:?}");
    check(&storage, 2, 10).await;
    assert_eq!(in_the_middle(&observer).await, 0);
    child.kill().unwrap();
    child.wait().unwrap();
}
