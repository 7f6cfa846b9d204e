//! What must hold once an execution that was disturbed has ended.

use crate::house::{self, House};
use crate::remains;
use squad_domain::conversation::Message;
use squad_domain::execution::{Event, EventBody, ExecutionState, LanePhase, Status};
use squad_domain::ids::ExecutionId;
use squad_domain::money::MicroUsd;
use squad_scripted::Assignment;
use squad_storage::{BudgetScope, CallOutcome};
use std::collections::{BTreeMap, BTreeSet};

/// Things that reach outside of the log, and how often.
pub(crate) type Counted = BTreeMap<String, usize>;

/// What was under way when an execution was handed over. Where it was taken up from somebody who had vanished, the log
/// says so itself.
pub(crate) fn under_way(house: &House, id: ExecutionId) -> Vec<String> {
    let (state, events) = house.log(id);
    when(&state, &events)
}

/// What was under way each time that another process took it up: this, and only this, may be done again.
fn at_takeovers(events: &[Event]) -> Vec<String> {
    let taken_up =
        events.iter().enumerate().filter(|(_, event)| matches!(event.body, EventBody::TakenUp { .. }));
    taken_up
        .flat_map(|(index, _)| when(&ExecutionState::fold(&events[..index]).unwrap(), &events[..index]))
        .collect()
}

fn when(state: &ExecutionState, events: &[Event]) -> Vec<String> {
    let mut found: Vec<String> = state
        .lanes
        .values()
        .filter(|lane| matches!(lane.phase, LanePhase::Calling { .. }))
        .map(|lane| {
            let block = Assignment::find(&lane.brief).unwrap();
            let said = lane.transcript.iter().filter(|message| matches!(message, Message::Assistant(_)));
            asking(&block, said.count() + 1)
        })
        .collect();
    for lane in state.lanes.values() {
        let Some((_, call, true)) = lane.current_tool() else { continue };
        let text = call.arguments.to_string();
        found.extend(text.split("echo ").skip(1).filter_map(|rest| rest.split(' ').next()).map(command));
        if text.contains("test.sh") {
            found.push(command("test"));
        }
    }
    let mut gate = Vec::new();
    for event in events {
        match &event.body {
            EventBody::TestsStarted { .. } => gate.push("gate: test".to_owned()),
            EventBody::TestsFinished { .. } => gate.clear(),
            // One that was begun again is under way once.
            EventBody::TakenUp { .. } => gate.clear(),
            _ => {}
        }
    }
    found.extend(gate);
    found
}

fn asking(assignment: &Assignment, turn: usize) -> String {
    format!("model: {assignment} turn {turn}")
}

fn command(word: &str) -> String {
    format!("command: {word}")
}

/// What really happened outside of the log: requests that the model got, and what commands and tests left behind.
fn happened(house: &House) -> Counted {
    let mut counted = Counted::new();
    for request in house.model.requests() {
        *counted.entry(asking(&request.assignment, request.turn)).or_default() += 1;
    }
    for (who, folder) in [("command", "members"), ("gate", "gate")] {
        let caches = house.data().join("caches");
        for project in std::fs::read_dir(caches).into_iter().flatten().flatten() {
            let effects = project.path().join(folder).join("effects");
            let text = std::fs::read_to_string(effects).unwrap_or_default();
            for word in text.lines() {
                *counted.entry(format!("{who}: {word}")).or_default() += 1;
            }
        }
    }
    counted
}

/// A run that nobody disturbed.
pub(crate) struct Whole {
    pub(crate) tree: String,
    happened: Counted,
}

/// Looks at a finished execution on its own.
pub(crate) fn whole(house: &House, id: ExecutionId) -> Whole {
    let state = sound(house, id, "undisturbed");
    Whole { tree: tree(&state), happened: happened(house) }
}

fn tree(state: &ExecutionState) -> String {
    state.head_tree.as_ref().expect("a completed execution has a result").to_string()
}

/// Compares an execution that was disturbed with one that was not. `handed_over`: what was under way each time that it
/// was handed over in good order, which leaves no trace in the log.
pub(crate) fn disturbed(
    house: &House,
    id: ExecutionId,
    whole: &Whole,
    handed_over: &[String],
    context: &str,
) {
    let state = sound(house, id, context);
    let again = [at_takeovers(&house.log(id).1).as_slice(), handed_over].concat();
    assert_eq!(tree(&state), whole.tree, "{context}: other files than undisturbed");
    let mut too_often = Counted::new();
    for (what, times) in happened(house) {
        let once = whole.happened.get(&what).copied().unwrap_or(0);
        let more = again.iter().filter(|under_way| **under_way == what).count();
        if times > once + more {
            too_often.insert(format!("{what} (allowed: {})", once + more), times);
        }
    }
    assert!(
        too_often.is_empty(),
        "{context}: done again though not under way: {too_often:#?}\nunder way: {again:#?}\n{}",
        story(house, id)
    );
}

/// As [`disturbed`], where a step failed for a reason outside of the squad and a person was asked.
pub(crate) fn asked_about(house: &House, id: ExecutionId, whole: &Whole, context: &str) {
    let (_, events) = house.log(id);
    let failed = events.iter().filter(|event| matches!(event.body, EventBody::StepFailed { .. })).count();
    assert!(failed > 0, "{context}: nothing failed");
    let state = ended(house, id, context);
    assert_eq!(tree(&state), whole.tree, "{context}: other files than undisturbed");
}

/// The log in short, for the message of a test that fails.
fn story(house: &House, id: ExecutionId) -> String {
    let (_, events) = house.log(id);
    let line = |event: &Event| {
        let payload = serde_json::to_value(event).unwrap()["payload"].clone();
        let of = ["step", "worker", "to"].iter().find_map(|key| payload[key].as_str().map(str::to_owned));
        format!("{:>4} {} {} {}\n", event.seq, event.at.time(), event.body.kind(), of.unwrap_or_default())
    };
    events.iter().map(line).collect()
}

/// What holds of every execution that has completed without anybody having been asked. Gives its state.
fn sound(house: &House, id: ExecutionId, context: &str) -> ExecutionState {
    for event in house.log(id).1 {
        if let EventBody::StepFailed { step, message } = event.body {
            panic!("{context}: `{step}` failed: {message}");
        }
    }
    ended(house, id, context)
}

/// What holds of every execution that has completed.
fn ended(house: &House, id: ExecutionId, context: &str) -> ExecutionState {
    let (state, events) = house.log(id);
    assert_eq!(state.status, Status::Completed, "{context}: {}\n{}", story(house, id), house.said());
    assert_eq!(house.model.complaints(), Vec::<String>::new(), "{context}");
    assert!(events.iter().map(|event| event.seq).eq(1..=events.len() as u64), "{context}: a gap in the log");
    let mut finished = BTreeSet::new();
    let mut begun = BTreeSet::new();
    for event in &events {
        match &event.body {
            EventBody::ModelCallFinished { step, .. }
            | EventBody::ModelCallFailed { step, .. }
            | EventBody::ToolFinished { step, .. } => {
                assert!(finished.insert(step.clone()), "{context}: `{step}` finished twice");
            }
            EventBody::ModelCallStarted { step, .. } | EventBody::ToolStarted { step, .. } => {
                assert!(begun.insert(step.clone()), "{context}: `{step}` began twice");
            }
            _ => {}
        }
    }

    money(house, id, &state, context);
    let row = house.runtime.block_on(house.storage.execution(id)).unwrap().unwrap();
    if let Some(lease) = &row.lease {
        // Whoever is killed right after the last event leaves a lease that nobody renews.
        assert!(lease.until <= row.updated_at + house::LEASE, "{context}: {lease:?} of {}", row.updated_at);
    }
    assert_eq!((row.status, row.last_seq), (Status::Completed, state.seq), "{context}");
    remains::none(house, &state, context);
    state
}

fn money(house: &House, id: ExecutionId, state: &ExecutionState, context: &str) {
    let calls = house.runtime.block_on(house.storage.model_calls(id)).unwrap();
    assert!(calls.iter().all(|call| call.outcome == CallOutcome::Ok), "{context}: {calls:?}");
    assert!(calls.iter().all(|call| call.reserved == MicroUsd::ZERO), "{context}: {calls:?}");
    let steps: BTreeSet<_> = calls.iter().map(|call| &call.step).collect();
    assert_eq!(steps.len(), calls.len(), "{context}: a call is booked twice");
    let paid: MicroUsd = calls.iter().map(|call| call.cost).sum();
    let scopes = [
        BudgetScope::Execution(id),
        BudgetScope::Org(state.spec.org),
        BudgetScope::Squad(state.spec.squad.id),
    ];
    for scope in scopes {
        let Some(budget) = house.runtime.block_on(house.storage.budget(&scope)).unwrap() else { continue };
        assert_eq!(budget.reserved, MicroUsd::ZERO, "{context}: {scope}");
        assert_eq!(budget.spent, paid, "{context}: {scope}");
    }
    assert_eq!(state.cost(), paid, "{context}");
}
