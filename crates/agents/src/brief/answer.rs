//! The question that a lane answers, with what its asker is at.

use squad_domain::conversation::Message;
use squad_domain::execution::decide::LanePlan;
use squad_domain::execution::{ExecutionState, Lane};
use squad_domain::question::Subject;

use super::part::Part;
use crate::text::{bound, bullets, fenced, words};

const QUESTION_BYTES: usize = 12_000;
const WORDS_BYTES: usize = 2_000;

pub(super) fn question(state: &ExecutionState, lane: &LanePlan) -> Option<Part> {
    let question = &state.questions.get(lane.question.as_ref()?)?.question;
    let asker = question.from.name();
    let asked = question.lane().and_then(|id| state.lanes.get(id));
    let mut text = match (&question.subject, asked) {
        (Subject::Analysis, _) => {
            format!("{asker} has analysed the task and leaves this open. The plan is made with your answer.")
        }
        (_, Some(asked)) => format!("{asker} waits for your answer in the duty `{}`.", asked.duty),
        (_, None) => format!("{asker} asks."),
    };
    if let Some(words) = asked.and_then(last_words) {
        text.push_str(&format!(
            "\n\n{asker}'s last words before asking:\n\n{}",
            fenced("", &bound(words, WORDS_BYTES))
        ));
    }
    text.push_str(&format!("\n\nThe question:\n\n{}", words(&question.text)));
    if !question.options.is_empty() {
        text.push_str(&format!("\n\nProposed answers:\n\n{}", bullets(&question.options)));
    }
    Part::new(format!("The question from {asker}"), &text, QUESTION_BYTES)
}

fn last_words(asked: &Lane) -> Option<&str> {
    asked.transcript.iter().rev().find_map(|message| match message {
        Message::Assistant(reply) if !reply.text.trim().is_empty() => Some(reply.text.trim()),
        _ => None,
    })
}
