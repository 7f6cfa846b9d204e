//! What people and teammates have said so far. A lane that is open hears it at once; one that opens later reads it here.

use squad_domain::execution::ExecutionState;
use squad_domain::execution::decide::LanePlan;
use squad_domain::message::{Actor, MessageKind, Recipient, quoted};
use squad_domain::question::{Answer, Subject};

use super::part::Part;
use crate::text::{bound, bullets};

const TALK_BYTES: usize = 12_000;
const MESSAGE_BYTES: usize = 4_000;
/// Older messages have had their effect.
const MESSAGES: usize = 20;

/// Messages to this member and to everybody.
pub(super) fn told(state: &ExecutionState, lane: &LanePlan) -> Option<Part> {
    let mut lines: Vec<String> = state
        .messages
        .iter()
        .rev()
        .filter(|message| matches!(message.kind, MessageKind::StatusUpdate | MessageKind::StatusRequest))
        .filter(|message| match &message.to {
            Recipient::Everyone => true,
            Recipient::Member(name) => *name == lane.member,
            Recipient::Person => false,
        })
        .filter(|message| message.from != Actor::Member(lane.member.clone()))
        .take(MESSAGES)
        .map(|message| {
            let who = match &message.from {
                Actor::Person(name) => format!("{name}, the person you work for"),
                Actor::Member(name) => name.to_string(),
                Actor::Engine => "The engine".to_owned(),
            };
            let content = bound(message.content.trim(), MESSAGE_BYTES);
            match &message.from {
                Actor::Person(_) => format!("{who}: {content}"),
                Actor::Member(_) | Actor::Engine => format!("{who}: {}", quoted(&content)),
            }
        })
        .collect();
    lines.reverse();
    Part::new("Messages so far", &bullets(&lines), TALK_BYTES)
}

/// Questions and their answers: all that a person answered, and those about the analysis.
pub(super) fn answers(state: &ExecutionState) -> Option<Part> {
    let mut answered: Vec<_> = state.questions.values().filter(|asked| asked.answer.is_some()).collect();
    answered.sort_by_key(|asked| asked.question.number());
    let lines: Vec<String> = answered
        .into_iter()
        .filter_map(|asked| {
            let (by, answer) = asked.answer.as_ref()?;
            let Answer::Text { text } = answer else { return None };
            let question = &asked.question;
            let concerns_all = question.subject == Subject::Analysis
                || (matches!(by, Actor::Person(_)) && question.subject != Subject::TestCommand);
            let who = match by {
                Actor::Person(name) => format!("{name}, the person you work for"),
                by => by.name().to_owned(),
            };
            concerns_all.then(|| {
                format!(
                    "{} asked: {}\n{who} answered: {}",
                    question.from.name(),
                    quoted(&bound(question.text.trim(), MESSAGE_BYTES)),
                    quoted(&bound(text.trim(), MESSAGE_BYTES))
                )
            })
        })
        .collect();
    Part::new("Questions and answers so far", &bullets(&lines), TALK_BYTES)
}
