//! "Why isn't it moving?": for everything that waits, the cause, since when, and the command that resolves it.

use super::clean;
use serde::Serialize;
use squad_domain::Timestamp;
use squad_domain::execution::{Event, EventBody, ExecutionState, LanePhase, decide};
use squad_domain::question::{Asked, Question, Subject};

/// The worker that has an execution.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct Holder {
    /// Its name.
    pub(crate) worker: String,
    /// Whether its lease still holds.
    pub(crate) alive: bool,
}

/// Why something waits.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct Cause {
    /// What it waits for.
    pub(crate) cause: String,
    /// Since when.
    #[serde(with = "time::serde::rfc3339")]
    pub(crate) since: Timestamp,
    /// What resolves it: any one of these.
    pub(crate) commands: Vec<String>,
}

/// Everything that an execution waits for. Empty: it is moving, or it has ended. `id` is what people type.
pub(crate) fn causes(
    state: &ExecutionState,
    events: &[Event],
    holder: Option<&Holder>,
    id: &str,
) -> Vec<Cause> {
    if state.status.is_terminal() {
        return Vec::new();
    }
    let mut causes = Vec::new();
    if state.paused {
        let event = events.iter().rev().find(|event| matches!(event.body, EventBody::Paused {}));
        causes.push(Cause {
            cause: format!("{} paused it", event.map_or("a person", |event| event.actor.name())),
            since: event.map_or(state.since, |event| event.at),
            commands: vec![format!("squad resume {id}")],
        });
    }
    for question in state.open_questions().filter(|question| question.waits_for_person()) {
        causes.push(Cause {
            cause: asked(question),
            since: state.questions.get(&question.id).map_or(state.since, |asked| asked.asked_at),
            commands: commands(question, id),
        });
    }
    let work = !state.paused && !decide(state).is_empty();
    match holder {
        Some(holder) if !holder.alive && work => causes.push(Cause {
            cause: format!("its worker `{}` is gone", holder.worker),
            since: state.at,
            commands: vec![format!("squad resume {id}"), "squad worker".to_owned()],
        }),
        None if work => causes.push(Cause {
            cause: "no worker has it".to_owned(),
            since: state.at,
            commands: vec![format!("squad resume {id}"), "squad worker".to_owned()],
        }),
        _ => {}
    }
    causes
}

/// The question in one line.
fn asked(question: &Question) -> String {
    let first = question.text.lines().next().unwrap_or_default();
    let what = match &question.subject {
        Subject::PlanApproval { version } => format!("version {version} of the plan waits for approval"),
        Subject::Budget { scope, limit, used, needed } => {
            format!(
                "the budget `{scope}` of {limit} is used up: {used} are spent or reserved, the next call could cost {needed}"
            )
        }
        Subject::TestCommand => "nobody knows how this project is tested".to_owned(),
        Subject::Model { .. } => first.to_owned(),
        Subject::Fault { step } => format!("step {step} failed: {first}"),
        _ => format!("{} asks: {first}", question.from.name()),
    };
    format!("{}: {}", question.id, clean::fit(&what, 240))
}

/// The commands that answer a question.
pub(crate) fn commands(question: &Question, id: &str) -> Vec<String> {
    let q = &question.id;
    let retry = format!("squad retry {id} --question {q}");
    let approve = format!("squad approve {id} --question {q}");
    let stop = format!("squad cancel {id}");
    match &question.subject {
        Subject::PlanApproval { .. } => {
            vec![
                format!("squad approve {id}"),
                format!("squad reject {id} --reason \"what should be different\""),
            ]
        }
        Subject::Budget { scope, limit, needed, .. } => {
            let enough = (*limit + *needed).dollars().ceil().max(1.0) * 2.0;
            if !question.options.iter().any(|way| way == "retry") {
                return vec![format!("{approve} --budget {enough:.2}"), stop];
            }
            let whose = if scope.ends_with("organization") { "--organization" } else { "--squad NAME" };
            vec![format!("squad budget {whose} --set {enough:.2} && {retry}"), stop]
        }
        Subject::TestCommand => vec![format!("squad answer {id} {q} \"the command\""), stop],
        Subject::Tool { .. } | Subject::Analysis | Subject::Stuck { .. } => {
            vec![format!("squad answer {id} {q} \"your answer\"")]
        }
        Subject::ReviewRounds { .. } => vec![approve, retry, stop],
        Subject::Model { .. }
        | Subject::Loop { .. }
        | Subject::Turns { .. }
        | Subject::TestRounds
        | Subject::Fault { .. } => vec![retry, stop],
    }
}

/// What is under way right now, for an execution that waits for nothing.
pub(crate) fn under_way(state: &ExecutionState) -> Vec<String> {
    let lanes = state.lanes.values().filter(|lane| lane.is_open());
    lanes
        .map(|lane| {
            let what = match &lane.waiting {
                Some(question) => {
                    let asked = state.questions.get(question).map(|asked| &asked.question.to);
                    match asked {
                        Some(Asked::Member(member)) => format!("waits for an answer from {member}"),
                        _ => "waits for your answer".to_owned(),
                    }
                }
                None => match &lane.phase {
                    LanePhase::Calling { .. } => "is thinking".to_owned(),
                    LanePhase::Tools { .. } => "is using a tool".to_owned(),
                    _ => "is next".to_owned(),
                },
            };
            let subtask = lane.subtask.as_ref().map(|id| format!(" on {id}")).unwrap_or_default();
            clean::line(&format!("{} ({}{subtask}) {what}", lane.member, lane.duty))
        })
        .collect()
}
