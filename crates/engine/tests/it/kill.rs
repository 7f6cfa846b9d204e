//! Killed at any moment, an execution goes on where it was: nothing is lost, paid or done twice.

use crate::house::{FIVE, House, Run, SOLO, TestClock, launcher};
use crate::live::Live;
use crate::scenes::{WILLING, one_part, project};
use squad_domain::execution::{EventBody, ExecutionSpec, ExecutionState, LanePhase, Status};
use squad_domain::money::MicroUsd;
use squad_engine::{DriveEnd, Engine, EngineConfig};
use squad_sandbox::BuiltinSandbox;
use squad_scripted::Scenario;
use squad_storage::{BudgetScope, Storage};
use squad_testkit::{VirtualClock, each_database};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

/// Longer than a lease.
const LEASE_IS_OVER: Duration = Duration::from_secs(11);
/// Events from one kill to the next.
const STRIDE: u64 = 6;

/// Reads, runs and writes, so that every kind of step is there to be killed in.
const BUSY: &str = r#"
[[scene]]
duty = "work"
[[scene.turn]]
calls = [{ tool = "read_file", args = { path = "greeting.txt" } }, { tool = "run_command", args = { command = "sh test.sh; echo ran >> log.txt" } }]
[[scene.turn]]
expect = "no hello"
calls = [{ tool = "write_file", args = { path = "greeting.txt", content = "hello\n" } }, { tool = "ask_teammate", args = { to = "Tom", question = "Is that all?" } }]
[[scene.turn]]
expect = "Yes"
calls = [{ tool = "run_command", args = { command = "sh test.sh" } }]
[[scene.turn]]
expect = "fine"
calls = [{ tool = "submit_work", args = { summary = "It says hello." } }]
"#;

const TWO: &[(&str, squad_domain::role::Role)] =
    &[("Sam", squad_domain::role::Role::BackendDeveloper), ("Tom", squad_domain::role::Role::TechLead)];

async fn small(storage: &Storage) -> (House, ExecutionSpec) {
    let house = House::playing(storage, &[BUSY, &one_part(), WILLING], project()).await;
    let spec = house.small(TWO);
    (house, spec)
}

async fn demo(storage: &Storage) -> (House, ExecutionSpec) {
    let house = House::new(storage, Scenario::demo()).await.with_sample();
    let spec = house.spec(FIVE, squad_scripted::SAMPLE_TASK.title);
    (house, spec)
}

fn engine(house: &House, worker: &str, clock: &VirtualClock) -> Engine {
    let sandbox = Arc::new(BuiltinSandbox::new(launcher()));
    Engine::new(EngineConfig { clock: Arc::new(TestClock::new(clock)), ..house.config(worker, sandbox) })
}

/// Who is asked for which turn of what.
type Asked = (String, usize);

fn asked(house: &House) -> BTreeMap<Asked, usize> {
    let mut counted = BTreeMap::new();
    for request in house.model.requests() {
        *counted.entry((request.assignment.to_string(), request.turn)).or_default() += 1;
    }
    counted
}

/// The calls that were under way: those, and only those, may be made again.
fn under_way(state: &ExecutionState) -> Vec<Asked> {
    let calling = state.lanes.values().filter(|lane| matches!(lane.phase, LanePhase::Calling { .. }));
    calling
        .map(|lane| {
            let block = squad_scripted::Assignment::find(&lane.brief).unwrap();
            let said = lane
                .transcript
                .iter()
                .filter(|message| matches!(message, squad_domain::conversation::Message::Assistant(_)))
                .count();
            (block.to_string(), said + 1)
        })
        .collect()
}

/// Drives until the log has `kills[0]` events, is killed, is taken over, is killed again at `kills[1]`, …
async fn killed_at(house: &House, spec: ExecutionSpec, kills: &[u64]) -> (Run, Vec<Asked>) {
    let clock = VirtualClock::default();
    let first = engine(house, "worker-0", &clock);
    let id = first.start(spec, "ada").await.unwrap();
    let mut again = Vec::new();
    for (n, at) in kills.iter().enumerate() {
        let live = Live::drive(engine(house, &format!("worker-{n}"), &clock), id, true);
        live.until(|state, _| state.seq >= *at || state.status.is_terminal()).await;
        live.kill().await;
        again.extend(under_way(&first.load(id).await.unwrap().0));
        clock.advance(LEASE_IS_OVER);
    }
    let run = Live::drive(engine(house, "worker-last", &clock), id, true).end().await;
    (run, again)
}

async fn check(house: &House, run: &Run, again: &[Asked], context: &str) {
    assert!(
        matches!(run.end, Ok(DriveEnd::Ended(Status::Completed))),
        "{context}: {}\n{:?}",
        run.story(),
        house.model.complaints()
    );
    let mut finished = BTreeSet::new();
    for event in &run.events {
        if let EventBody::ModelCallFinished { step, .. } | EventBody::ToolFinished { step, .. } = &event.body
        {
            assert!(finished.insert(step.clone()), "{context}: `{step}` finished twice; {}", run.story());
        }
    }
    for (call, times) in asked(house) {
        let allowed = 1 + again.iter().filter(|under_way| **under_way == call).count();
        assert!(times <= allowed, "{context}: {call:?} was asked {times} times");
    }
    assert!(run.events.iter().map(|event| event.seq).eq(1..=run.events.len() as u64), "{context}");

    let budget = house.storage.budget(&BudgetScope::Execution(run.id)).await.unwrap().unwrap();
    let calls = house.storage.model_calls(run.id).await.unwrap();
    assert_eq!(budget.reserved, MicroUsd::ZERO, "{context}");
    assert_eq!(budget.spent, run.state.cost(), "{context}");
    assert_eq!(budget.spent, calls.iter().map(|call| call.cost).sum(), "{context}");
    assert!(!house.data().join("executions").join(run.id.to_string()).exists(), "{context}: files are left");
}

#[tokio::test(flavor = "multi_thread")]
async fn killed_after_any_event_it_ends_as_if_nothing_had_happened() {
    each_database(async |storage| {
        let (house, spec) = small(&storage).await;
        let (whole, none) = killed_at(&house, spec, &[]).await;
        check(&house, &whole, &none, "undisturbed").await;
        // Every boundary is a moment to die at in one of the runs.
        for offset in 1..=STRIDE {
            let (house, spec) = small(&storage).await;
            let kills: Vec<u64> = (offset..whole.events.len() as u64).step_by(STRIDE as usize).collect();
            let (run, again) = killed_at(&house, spec, &kills).await;
            check(&house, &run, &again, &format!("killed after the events {kills:?}")).await;
            assert_eq!(run.state.head_tree, whole.state.head_tree, "killed after the events {kills:?}");
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn killed_again_and_again_the_demo_still_ends_the_same() {
    each_database(async |storage| {
        let (house, spec) = demo(&storage).await;
        let (whole, none) = killed_at(&house, spec, &[]).await;
        check(&house, &whole, &none, "undisturbed").await;
        let last = whole.events.len() as u64;
        let (house, spec) = demo(&storage).await;
        let kills: Vec<u64> = (1..=8).map(|n| n * last / 9).collect();
        let (run, again) = killed_at(&house, spec, &kills).await;
        check(&house, &run, &again, "killed eight times").await;
        assert_eq!(run.state.head_tree, whole.state.head_tree);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_worker_that_is_asked_to_stop_hands_over_at_once() {
    each_database(async |storage| {
        let (house, spec) = small(&storage).await;
        let clock = VirtualClock::default();
        let live = {
            let first = engine(&house, "worker-1", &clock);
            let id = first.start(spec, "ada").await.unwrap();
            Live::drive(first, id, false)
        };
        live.until_event(|body| matches!(body, EventBody::ToolStarted { .. })).await;
        let id = live.id;
        live.stop.cancel();
        let stopped = live.end().await;
        assert_eq!(stopped.end.unwrap(), DriveEnd::Stopped);
        let again = under_way(&stopped.state);

        let run = Live::drive(engine(&house, "worker-2", &clock), id, false).end().await;

        check(&house, &run, &again, "handed over").await;
        let taken_up = run.count(|body| matches!(body, EventBody::TakenUp { .. }));
        assert_eq!(taken_up, 0, "nobody had vanished");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn while_one_worker_holds_it_no_other_can_take_it() {
    each_database(async |storage| {
        let house = House::playing(&storage, &[&one_part(), WILLING], project()).await;
        let live =
            Live::start(&house, ExecutionSpec { approval: Default::default(), ..house.small(SOLO) }).await;
        live.asked(|_| true).await;
        let held = house.engine("worker-2").drive(live.id, &Default::default()).await;
        assert!(
            matches!(held, Err(squad_engine::EngineError::Held { ref worker, .. }) if worker == "worker-1")
        );
        live.stop.cancel();
        live.end().await;
    })
    .await;
}
