//! Tools of MCP servers in whole executions, with a real server that writes every call to a journal.

use crate::house::{House, Run, SOLO, TestClock, launcher};
use crate::live::Live;
use crate::scenes::{WILLING, one_part, project};
use serde_json::json;
use squad_domain::execution::{EventBody, ExecutionSpec, Status};
use squad_domain::money::MicroUsd;
use squad_engine::{DriveEnd, Engine, EngineConfig};
use squad_sandbox::BuiltinSandbox;
use squad_storage::Storage;
use squad_testkit::{VirtualClock, each_database, tracker};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

fn journal(house: &House) -> PathBuf {
    house.folder.path().join("calls")
}

/// What the server was asked for, in order.
fn calls(house: &House) -> Vec<String> {
    let journal = std::fs::read_to_string(journal(house)).unwrap_or_default();
    journal.lines().map(str::to_owned).collect()
}

async fn with_tracker(storage: &Storage, work: &str) -> (House, ExecutionSpec) {
    let house = House::playing(storage, &[work, &one_part(), WILLING], project()).await;
    let mut spec = house.small(SOLO);
    let server = json!({"command": tracker(&journal(&house)), "timeout_seconds": 600});
    spec.mcp = [("tracker".parse().unwrap(), serde_json::from_value(server).unwrap())].into();
    (house, spec)
}

fn completed(house: &House, run: &Run) {
    let completed = matches!(run.end, Ok(DriveEnd::Ended(Status::Completed)));
    assert!(completed, "{}\n{:?}", run.story(), house.model.complaints());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_member_uses_a_tool_of_a_server() {
    let asks = r#"
[[scene]]
duty = "work"
[[scene.turn]]
calls = [{ tool = "mcp__tracker__lookup", args = { id = 42 } }, { tool = "mcp__tracker__lookup", args = { number = 42 } }]
[[scene.turn]]
expect = "ticket 42: the greeting must say hello"
calls = [{ tool = "write_file", args = { path = "greeting.txt", content = "hello\n" } }, { tool = "submit_work", args = { summary = "As the ticket says." } }]
"#;
    each_database(async |storage| {
        let (house, spec) = with_tracker(&storage, asks).await;
        let run = house.run(spec).await;
        completed(&house, &run);
        assert_eq!(calls(&house), ["lookup"], "a call that does not fit the schema never reaches the server");
        let found = run.events.iter().find_map(|event| match &event.body {
            EventBody::McpToolsFound { server, tools, .. } => Some((server.to_string(), tools.len())),
            _ => None,
        });
        assert_eq!(found, Some(("tracker".to_owned(), 6)));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_is_away_is_told_before_anything_is_paid() {
    each_database(async |storage| {
        let (house, mut spec) = with_tracker(&storage, "").await;
        let server = spec.mcp.values_mut().next().unwrap();
        server.command = vec!["/nowhere/tracker".into()];
        let run = house.run(spec).await;
        assert!(matches!(run.end, Ok(DriveEnd::Ended(Status::Failed))), "{}", run.story());
        assert!(run.state.reason.contains("the MCP server `tracker` cannot be used"), "{}", run.state.reason);
        assert!(house.model.requests().is_empty());
        assert_eq!(run.state.cost(), MicroUsd::ZERO);
    })
    .await;
}

/// Kills the worker while the server is at the call, and lets another one go on.
async fn killed_in(house: &House, spec: ExecutionSpec, call: &str) -> Run {
    let clock = VirtualClock::default();
    let engine = |worker: &str| {
        let sandbox = Arc::new(BuiltinSandbox::new(launcher()));
        let clock = Arc::new(TestClock::new(&clock));
        Engine::new(EngineConfig { clock, ..house.config(worker, sandbox) })
    };
    let first = engine("worker-1");
    let id = first.start(spec, "ada").await.unwrap();
    let live = Live::drive(first, id, false);
    live.until_event(|body| matches!(body, EventBody::ToolStarted { tool, .. } if tool.ends_with(call)))
        .await;
    let arrived = async {
        while calls(house).is_empty() {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(Duration::from_secs(60), arrived).await.unwrap();
    live.kill().await;
    clock.advance(Duration::from_secs(11));
    Live::drive(engine("worker-2"), id, false).end().await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_that_a_crash_cut_off_is_not_made_twice() {
    let asks = r#"
[[scene]]
duty = "work"
[[scene.turn]]
calls = [{ tool = "mcp__tracker__hang", args = {} }]
[[scene.turn]]
expect = "Whether `tracker` carried it out is not known, and it was not made again"
calls = [{ tool = "write_file", args = { path = "greeting.txt", content = "hello\n" } }, { tool = "submit_work", args = { summary = "Done." } }]
"#;
    each_database(async |storage| {
        let (house, spec) = with_tracker(&storage, asks).await;
        let run = killed_in(&house, spec, "hang").await;
        completed(&house, &run);
        assert_eq!(calls(&house), ["hang"]);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_that_changes_nothing_is_made_again_after_a_crash() {
    let asks = r#"
[[scene]]
duty = "work"
[[scene.turn]]
calls = [{ tool = "mcp__tracker__lookup", args = { id = 13 } }]
[[scene.turn]]
expect = "ticket 13: the greeting must say hello"
calls = [{ tool = "write_file", args = { path = "greeting.txt", content = "hello\n" } }, { tool = "submit_work", args = { summary = "Done." } }]
"#;
    each_database(async |storage| {
        let (house, spec) = with_tracker(&storage, asks).await;
        let run = killed_in(&house, spec, "lookup").await;
        completed(&house, &run);
        assert_eq!(calls(&house), ["lookup", "lookup"]);
    })
    .await;
}
