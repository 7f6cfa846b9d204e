//! What to do next. Pure: the same state always gives the same steps, with the same keys.
//!
//! One file per stretch of the way: [`planning`] (analysing, planning), [`working`] (sub-tasks), [`checking`] (the
//! merged whole). What every stretch shares is in [`lanes`] and [`asking`].

mod asking;
mod checking;
mod lanes;
mod planning;
mod step;
mod working;

pub use asking::loop_question;
pub use lanes::condense_upto;
pub use step::{FixCause, LanePlan, Step};

use super::{ExecutionState, Status, wording};
use crate::ids::StepKey;
use crate::question::{Answer, Question, Subject};

/// What to do next. Steps that are under way already are named again: who performs them knows by their keys.
/// Nothing at all means that the execution has ended, is paused, or waits for a person.
#[must_use]
pub fn decide(state: &ExecutionState) -> Vec<Step> {
    if state.status.is_terminal() {
        return Vec::new();
    }
    if let Some(step) = stopped(state) {
        return vec![step];
    }
    if state.paused {
        return Vec::new();
    }
    let at = state.return_to.unwrap_or(state.status);
    let steps: Vec<Step> = held_back(state, phase(state, at));
    match (state.status, steps.is_empty()) {
        (Status::Blocked, true) => Vec::new(),
        (Status::Blocked, false) => vec![transition(at, "what it waited for is there")],
        (_, true) if at != Status::Pending && waits_for_person(state) => {
            vec![transition(Status::Blocked, &wording::blocked(state))]
        }
        _ => steps,
    }
}

/// A person's "stop" ends the execution wherever it stands.
fn stopped(state: &ExecutionState) -> Option<Step> {
    let mut answers = state
        .questions
        .values()
        .filter_map(|asked| asked.answer.as_ref().map(|(by, answer)| (asked, by, answer)));
    let (asked, by, _) = answers.find(|(_, _, answer)| **answer == Answer::Stop)?;
    Some(transition(Status::Failed, &format!("{} stopped it when asked {}", by.name(), asked.question.id)))
}

fn waits_for_person(state: &ExecutionState) -> bool {
    state.open_questions().any(Question::waits_for_person)
}

/// A step that failed for a reason outside of the squad waits until a person says to try it again.
fn held_back(state: &ExecutionState, steps: Vec<Step>) -> Vec<Step> {
    let held: Vec<&StepKey> = state
        .open_questions()
        .filter_map(|question| match &question.subject {
            Subject::Fault { step } => Some(step),
            _ => None,
        })
        .collect();
    if held.is_empty() {
        return steps;
    }
    steps.into_iter().filter(|step| step.key().is_none_or(|key| !held.contains(&&key))).collect()
}

fn phase(state: &ExecutionState, at: Status) -> Vec<Step> {
    if state.prepared.is_none() {
        return vec![Step::Prepare];
    }
    match at {
        Status::Pending => vec![transition(Status::Analyzing, "the repository is there")],
        Status::Analyzing => planning::analyzing(state),
        Status::Planning => planning::planning(state),
        Status::Delegated => vec![transition(Status::InProgress, "every sub-task has its member")],
        Status::InProgress => working::in_progress(state),
        Status::Reviewing => checking::reviewing(state),
        Status::Testing => checking::testing(state),
        Status::Blocked | Status::Completed | Status::Failed | Status::Cancelled => Vec::new(),
    }
}

fn transition(to: Status, reason: &str) -> Step {
    Step::Transition { to, reason: reason.to_owned() }
}
