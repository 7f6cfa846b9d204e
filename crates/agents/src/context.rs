//! The context of a model call: a pure function of the log, so that a resumed execution asks exactly the same.
//!
//! The stable part comes first (system, tools, brief, summary), then the transcript in its order; nothing is reordered,
//! so that providers serve the prefix from their cache.

use squad_domain::conversation::{Message, Reply};
use squad_domain::execution::{ExecutionState, Lane, LanePhase};
use squad_domain::model::{ModelRef, Purpose};
use squad_llm::ModelRequest;

use crate::prompts::SUMMARIZE;
use crate::text::{bound, one_line, tagged};
use crate::{Prompts, brief, tools};

/// Stands where a call's result should be; providers refuse a call without one.
const NO_RESULT: &str = "(no result was recorded for this call; call the tool again if you still need it)";
/// A summary is at most some 800 words.
const SUMMARY_TOKENS: u32 = 4_096;
/// What the condenser sees of one message. It keeps what matters of it, not the whole.
const TURN_BYTES: usize = 8_000;
/// What it sees of one at least: a path or an error still fits.
const LEAST_TURN_BYTES: usize = 400;
/// What it sees of the brief: its aim, not its data.
const BRIEF_BYTES: usize = 12_000;

/// The request for the lane's next turn.
///
/// What waits in the lane's inbox is part of it while no call is under way: the log moves it into the transcript as
/// the call starts, so the request is the same before and after that.
#[must_use]
pub fn request(prompts: &Prompts, state: &ExecutionState, lane: &Lane) -> ModelRequest {
    let member = state.member(&lane.member);
    let mut messages = vec![Message::User { text: lane.brief.clone() }];
    if let Some((_, summary)) = &lane.condensed {
        messages.push(Message::User {
            text: format!("Your notes of the turns before:\n\n{}", tagged("notes", summary)),
        });
    }
    messages.extend(answered(lane.recent()));
    if !lane.inbox.is_empty() && !matches!(lane.phase, LanePhase::Calling { .. }) {
        messages.push(Message::User { text: lane.inbox.join("\n\n") });
    }
    ModelRequest {
        system: member.map(|member| prompts.system(state, member)).unwrap_or_default(),
        messages,
        tools: member.map(|member| tools::offered(state, member, lane.duty)).unwrap_or_default(),
        max_output_tokens: state.spec.limits.max_output_tokens,
    }
}

/// The request that condenses the lane's transcript up to message `upto`: its reply stands for those messages.
#[must_use]
pub fn condense_request(prompts: &Prompts, state: &ExecutionState, lane: &Lane, upto: usize) -> ModelRequest {
    let role = state.member(&lane.member).map_or("", |member| member.role.slug());
    let subtask = lane.subtask.as_ref().map(squad_domain::ids::SubtaskId::as_str);
    let mut text = brief::block(lane.member.as_str(), role, SUMMARIZE, subtask, lane.round);
    text.push_str("\n\n");
    text.push_str(&tagged("brief", &bound(&lane.brief, BRIEF_BYTES)));
    let from = lane.condensed.as_ref().map_or(0, |(upto, _)| *upto);
    if let Some((_, summary)) = &lane.condensed {
        text.push_str("\n\n");
        text.push_str(&tagged("earlier_notes", summary));
    }
    let upto = upto.min(lane.transcript.len());
    let messages = lane.transcript.get(from..upto).unwrap_or_default();
    // The condenser may be the very model that could not take the whole.
    let room = lane.room.unwrap_or(state.spec.limits.context_bytes).saturating_sub(text.len());
    let each = (room / messages.len().max(1)).clamp(LEAST_TURN_BYTES, TURN_BYTES);
    let turns: Vec<String> = messages.iter().map(|message| as_text(message, each)).collect();
    text.push_str("\n\n");
    text.push_str(&tagged("turns", &turns.join("\n\n")));
    text.push_str("\n\nWrite the notes that replace these turns.");
    ModelRequest {
        system: prompts.duty(SUMMARIZE).trim().to_owned(),
        messages: vec![Message::User { text }],
        tools: Vec::new(),
        max_output_tokens: SUMMARY_TOKENS.min(state.spec.limits.max_output_tokens),
    }
}

/// The models that may be asked, best first: the member's own profile or the execution's, for the purpose, with the
/// stronger ones in front where the lane was escalated.
#[must_use]
pub fn candidates(state: &ExecutionState, lane: &Lane, purpose: Purpose) -> Vec<ModelRef> {
    let own = state.member(&lane.member).and_then(|member| member.profile.as_ref());
    // Notes need no stronger model.
    let escalated = lane.escalated && purpose != Purpose::Summarize;
    own.unwrap_or(&state.spec.models.profile).candidates(purpose, escalated)
}

/// The messages, with every call followed by exactly one result.
fn answered(messages: &[Message]) -> Vec<Message> {
    let mut out: Vec<Message> = Vec::with_capacity(messages.len());
    let mut open: Vec<String> = Vec::new();
    for message in messages {
        match message {
            Message::Tool { call_id, .. } => match open.iter().position(|id| id == call_id) {
                Some(at) => {
                    open.remove(at);
                    out.push(message.clone());
                }
                // A result without its call would be refused, and says nothing to a model.
                None => continue,
            },
            other => {
                close(&mut open, &mut out);
                if let Message::Assistant(reply) = other {
                    open = reply.calls.iter().map(|call| call.id.clone()).collect();
                }
                out.push(other.clone());
            }
        }
    }
    close(&mut open, &mut out);
    out
}

fn close(open: &mut Vec<String>, out: &mut Vec<Message>) {
    out.extend(open.drain(..).map(|call_id| Message::Tool { call_id, content: NO_RESULT.to_owned() }));
}

fn as_text(message: &Message, limit: usize) -> String {
    match message {
        Message::User { text } => format!("[told]\n{}", bound(text, limit)),
        Message::Assistant(Reply { text, calls }) => {
            let mut lines = vec!["[the member]".to_owned()];
            if !text.trim().is_empty() {
                lines.push(bound(text.trim(), limit).into_owned());
            }
            for call in calls {
                let arguments = call.arguments.to_string();
                lines.push(format!("calls {} {}", one_line(&call.name, 80), bound(&arguments, limit / 4)));
            }
            lines.join("\n")
        }
        Message::Tool { content, .. } => format!("[result]\n{}", bound(content, limit)),
    }
}
