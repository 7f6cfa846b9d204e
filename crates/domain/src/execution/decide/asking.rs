//! Questions of the engine itself.

use super::Step;
use crate::execution::{ExecutionState, Lane, wording};
use crate::message::Actor;
use crate::question::{Asked, Question, Subject};

/// Asks a person, unless the same question is open.
pub(super) fn ask_once(
    state: &ExecutionState,
    subject: Subject,
    text: String,
    options: &[&str],
) -> Vec<Step> {
    if state.open_questions().any(|question| question.subject == subject) {
        return Vec::new();
    }
    vec![Step::Ask(Question {
        id: state.next_question(),
        from: Actor::Engine,
        to: Asked::Person,
        subject,
        text,
        options: options.iter().map(|option| (*option).to_owned()).collect(),
    })]
}

/// The question that a lane in circles asks of a person.
#[must_use]
pub fn loop_question(state: &ExecutionState, lane: &Lane, evidence: &str) -> Question {
    Question {
        id: state.next_question(),
        from: Actor::Engine,
        to: Asked::Person,
        subject: Subject::Loop { lane: lane.id.clone() },
        text: wording::circles(lane.member.as_str(), evidence),
        options: vec!["retry".to_owned(), "stop".to_owned()],
    }
}
