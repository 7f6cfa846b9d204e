//! Events and ids as the tests need them.

use squad_domain::Timestamp;
use squad_domain::conversation::Reply;
use squad_domain::duty::Duty;
use squad_domain::execution::{EventBody, ExecutionSpec, NewEvent, Status};
use squad_domain::ids::ExecutionId;
use squad_domain::message::Actor;
use squad_domain::model::{Purpose, Usage};
use squad_domain::money::MicroUsd;
use squad_storage::{AppendError, Guard, Storage};
use std::time::Duration;
use time::macros::datetime;
use uuid::Uuid;

pub(crate) const NOW: Timestamp = datetime!(2026-01-02 03:04:05.123456 UTC);
pub(crate) const TTL: Duration = Duration::from_secs(10);

pub(crate) fn usd(text: &str) -> MicroUsd {
    text.parse().unwrap()
}

pub(crate) fn id(number: u32) -> ExecutionId {
    ExecutionId(Uuid::from_u128(0x019a_8f00_0000_7000_8000_0000_0000_0000 + u128::from(number)))
}

pub(crate) fn seen(seq: u64) -> Guard {
    Guard { expected_seq: seq, fence: None }
}

pub(crate) fn held(seq: u64, fence: u64) -> Guard {
    Guard { expected_seq: seq, fence: Some(fence) }
}

/// A new execution; its log has one event.
pub(crate) async fn create(storage: &Storage, number: u32, spec: &ExecutionSpec) -> ExecutionId {
    storage.create_execution(id(number), spec, Actor::Person("ada".into()), NOW).await.unwrap();
    id(number)
}

/// A new execution in which Bea has the lane `work/s1/1`; its log has two events.
pub(crate) async fn working(storage: &Storage, number: u32, spec: &ExecutionSpec) -> ExecutionId {
    let id = create(storage, number, spec).await;
    storage.append(id, seen(1), NOW, vec![lane("Bea", "work/s1/1")]).await.unwrap();
    id
}

/// Appends at the end of the log, whatever that is.
pub(crate) async fn push(
    storage: &Storage,
    id: ExecutionId,
    events: Vec<NewEvent>,
) -> Result<u64, AppendError> {
    let last = storage.last_seq(id).await?.unwrap();
    storage.append(id, seen(last), NOW, events).await.map(|events| events.last().unwrap().seq)
}

pub(crate) fn lane(member: &str, lane: &str) -> NewEvent {
    NewEvent::engine(EventBody::LaneOpened {
        lane: lane.into(),
        member: member.into(),
        duty: Duty::Work,
        subtask: None,
        round: 1,
        workspace: "s1".into(),
        base: "abc".into(),
        tree: None,
        question: None,
        brief: "Do it.".into(),
    })
}

pub(crate) fn started(lane: &str, step: &str, reserved: &str) -> NewEvent {
    NewEvent::engine(EventBody::ModelCallStarted {
        step: step.into(),
        lane: lane.into(),
        purpose: Purpose::Code,
        candidates: vec!["scripted/big".parse().unwrap()],
        reserved: usd(reserved),
    })
}

pub(crate) fn finished(lane: &str, step: &str, cost: &str) -> NewEvent {
    NewEvent::engine(EventBody::ModelCallFinished {
        step: step.into(),
        lane: lane.into(),
        model: "scripted/small".parse().unwrap(),
        reply: Reply { text: "Done.".into(), calls: vec![] },
        usage: Usage { input: 1_000, cached_input: 600, cache_write: 10, output: 50, reasoning: 20 },
        estimated: true,
        cost: usd(cost),
        latency_ms: 1_234,
        first_token_ms: Some(56),
        attempts: vec![],
    })
}

pub(crate) fn failed(lane: &str, step: &str, cost: &str) -> NewEvent {
    let payload = serde_json::json!({
        "step": step, "lane": lane, "message": "overloaded", "cost": usd(cost), "attempts": [],
    });
    let body = serde_json::json!({ "kind": "model_call_failed", "payload": payload });
    NewEvent::engine(serde_json::from_value(body).unwrap())
}

pub(crate) fn state(from: Status, to: Status) -> NewEvent {
    NewEvent::person("ada", EventBody::StateChanged { from, to, reason: "because".into() })
}

pub(crate) fn note(text: &str) -> NewEvent {
    NewEvent::engine(EventBody::StepFailed { step: "x".into(), message: text.into() })
}
