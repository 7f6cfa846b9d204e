//! A lane: one member's conversation for one duty.

use super::guard::Guard;
use crate::conversation::{Message, Reply, ToolCall};
use crate::duty::Duty;
use crate::ids::{CommitId, LaneId, MemberName, QuestionId, StepKey, SubtaskId, TreeId};
use crate::model::{ModelRef, Purpose};
use serde_json::Value;
use std::borrow::Cow;

/// Tool calls of one reply that are performed. A reply with more is a storm: nobody reads on before the last is done.
pub const MOST_CALLS: usize = 64;
/// Bytes of one reply, and of what is told between two, that the conversation keeps at most; of one call's arguments at
/// least that much is kept, however many there are.
const LONGEST_KEPT: usize = 120_000;
const SHORTEST_KEPT: usize = 2_000;

/// What a lane is at.
#[derive(Debug, Clone, PartialEq)]
pub enum LanePhase {
    /// The next step is a model call.
    Ready,
    /// A model call is under way.
    Calling {
        /// The step.
        step: StepKey,
        /// `Summarize`: the lane is being condensed.
        purpose: Purpose,
        /// Which models may be asked.
        candidates: Vec<ModelRef>,
        /// What is set aside for it.
        reserved: crate::money::MicroUsd,
    },
    /// The tool calls of the last reply are being performed, in order.
    Tools {
        /// All of them.
        calls: Vec<ToolCall>,
        /// The one that is next or under way.
        next: usize,
        /// Whether it is under way.
        started: bool,
    },
    /// It handed over, or was closed.
    Closed,
}

/// One member's conversation for one duty.
#[derive(Debug, Clone, PartialEq)]
pub struct Lane {
    /// Its id.
    pub id: LaneId,
    /// Whose it is.
    pub member: MemberName,
    /// What it is for.
    pub duty: Duty,
    /// For which sub-task.
    pub subtask: Option<SubtaskId>,
    /// Counts from 1 where a duty is done again.
    pub round: u32,
    /// The question that it answers.
    pub question: Option<QuestionId>,
    /// The worktree that its tools see.
    pub workspace: String,
    /// The commit that the worktree starts from.
    pub base: CommitId,
    /// The files as they were after its last recorded change; `None`: those of `base`.
    pub tree: Option<TreeId>,
    /// The first message.
    pub brief: String,
    /// Everything after the brief.
    pub transcript: Vec<Message>,
    /// What it will be told before its next call.
    pub inbox: Vec<String>,
    /// How much of the transcript the summary stands for, and the summary.
    pub condensed: Option<(usize, String)>,
    /// What it is at.
    pub phase: LanePhase,
    /// Model calls that were started, those for condensing among them. Numbers the steps.
    pub turns: u32,
    /// Turns granted beyond the member's limit.
    pub granted: u32,
    /// The question that it waits for.
    pub waiting: Option<QuestionId>,
    /// Bytes of conversation that a model is sent at most, where one said that it got too many: half of those.
    pub room: Option<usize>,
    /// Whether a stronger model has taken over.
    pub escalated: bool,
    /// The loop guard's memory.
    pub guard: Guard,
}

impl Lane {
    /// Whether it is still going on.
    #[must_use]
    pub fn is_open(&self) -> bool {
        self.phase != LanePhase::Closed
    }

    /// The key of its next model call.
    #[must_use]
    pub fn next_call(&self) -> StepKey {
        StepKey(format!("{}#{}/model", self.id, self.turns + 1))
    }

    /// The tool call that is next or under way, with its key.
    #[must_use]
    pub fn current_tool(&self) -> Option<(StepKey, &ToolCall, bool)> {
        match &self.phase {
            LanePhase::Tools { calls, next, started } => {
                let call = calls.get(*next)?;
                Some((StepKey(format!("{}#{}/tool/{next}", self.id, self.turns)), call, *started))
            }
            _ => None,
        }
    }

    /// A reply arrived.
    pub(super) fn replied(&mut self, reply: &Reply) {
        let calls = &reply.calls[..reply.calls.len().min(MOST_CALLS)];
        self.transcript.push(Message::Assistant(kept(&reply.text, calls)));
        if calls.len() < reply.calls.len() {
            self.inbox.push(format!(
                "Your last reply called {} tools at once. The first {MOST_CALLS} calls were performed; nothing was done about the others. Call fewer tools at once.",
                reply.calls.len()
            ));
        }
        if calls.is_empty() {
            self.phase = LanePhase::Ready;
            let nudge = match self.duty.ends_with() {
                Some(tool) => format!(
                    "You called no tool, so nothing happened. Go on with the work, and end this duty by calling `{tool}`."
                ),
                None if reply.text.trim().is_empty() => {
                    "You said nothing, so nobody was answered. Answer in words.".to_owned()
                }
                None => return,
            };
            self.guard.silence();
            self.inbox.push(nudge);
        } else {
            self.phase = LanePhase::Tools { calls: calls.to_vec(), next: 0, started: false };
        }
    }

    /// The current tool call was performed.
    pub(super) fn tool_finished(&mut self, content: &str, is_error: bool) {
        let LanePhase::Tools { calls, next, started } = &mut self.phase else { return };
        let Some(call) = calls.get(*next) else { return };
        self.guard.tool(&call.name, &canonical(&call.arguments), content, is_error);
        self.transcript.push(Message::Tool { call_id: call.id.clone(), content: content.to_owned() });
        *next += 1;
        *started = false;
        if *next == calls.len() {
            self.phase = LanePhase::Ready;
        }
    }

    /// What it was told in the meantime becomes part of the conversation, right before a call.
    pub(super) fn read_inbox(&mut self) {
        if !self.inbox.is_empty() {
            let text = std::mem::take(&mut self.inbox).join("\n\n");
            self.transcript.push(Message::User { text: middle_cut(&text, LONGEST_KEPT).into_owned() });
        }
    }

    /// The messages that stand behind the brief and the summary: what the model is shown word by word.
    #[must_use]
    pub fn recent(&self) -> &[Message] {
        let from = self.condensed.as_ref().map_or(0, |(upto, _)| *upto);
        self.transcript.get(from..).unwrap_or_default()
    }

    /// Bytes of conversation that the next call would send.
    #[must_use]
    pub fn context_bytes(&self) -> usize {
        let summary = self.condensed.as_ref().map_or(0, |(_, summary)| summary.len());
        let inbox: usize = self.inbox.iter().map(String::len).sum();
        self.brief.len() + summary + inbox + self.recent().iter().map(message_bytes).sum::<usize>()
    }

    /// Up to which message the transcript should be condensed so that about `keep` bytes stay word by word.
    /// Cuts only in front of a reply, so that no result is parted from its call. `None`: there is nothing to gain.
    #[must_use]
    pub fn condense_upto(&self, keep: usize) -> Option<usize> {
        let from = self.condensed.as_ref().map_or(0, |(upto, _)| *upto);
        let mut kept = 0;
        let mut cut = None;
        for (index, message) in self.transcript.iter().enumerate().skip(from).rev() {
            kept += message_bytes(message);
            if matches!(message, Message::Assistant(_)) {
                if kept > keep && cut.is_some() {
                    break;
                }
                cut = Some(index);
            }
        }
        // Fewer than two messages are not worth a call.
        cut.filter(|cut| *cut >= from + 2)
    }
}

/// A reply as the conversation keeps it: what no honest turn is as long as would fill the context by itself, and could
/// never be condensed away.
fn kept(text: &str, calls: &[ToolCall]) -> Reply {
    let each = LONGEST_KEPT / calls.len().max(1);
    let kept = |call: &ToolCall| {
        let arguments = call.arguments.to_string();
        match middle_cut(&arguments, each.max(SHORTEST_KEPT)) {
            Cow::Borrowed(_) => call.clone(),
            Cow::Owned(cut) => ToolCall { arguments: Value::String(cut), ..call.clone() },
        }
    };
    Reply { text: middle_cut(text, LONGEST_KEPT).into_owned(), calls: calls.iter().map(kept).collect() }
}

/// At most about `limit` bytes: head and tail, and how much is left out between them.
fn middle_cut(text: &str, limit: usize) -> Cow<'_, str> {
    if text.len() <= limit {
        return Cow::Borrowed(text);
    }
    let head = text.floor_char_boundary(limit / 2);
    let tail = text.ceil_char_boundary(text.len() - limit / 2);
    Cow::Owned(format!("{}[… {} bytes left out …]{}", &text[..head], tail - head, &text[tail..]))
}

/// JSON with its keys sorted at every depth: equal arguments are equal texts, in whatever order they were written.
fn canonical(value: &Value) -> String {
    match value {
        Value::Object(object) => {
            let mut fields: Vec<String> =
                object.iter().map(|(key, value)| format!("{key:?}:{}", canonical(value))).collect();
            fields.sort();
            format!("{{{}}}", fields.join(","))
        }
        Value::Array(items) => format!("[{}]", items.iter().map(canonical).collect::<Vec<_>>().join(",")),
        plain => plain.to_string(),
    }
}

fn message_bytes(message: &Message) -> usize {
    match message {
        Message::User { text } => text.len(),
        Message::Assistant(reply) => {
            reply.text.len()
                + reply.calls.iter().map(|call| call.name.len() + call.argument_bytes()).sum::<usize>()
        }
        Message::Tool { content, .. } => content.len(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_no_honest_reply_is_as_long_as_is_kept_in_part() {
        assert_eq!(middle_cut("short", 5), "short");
        let cut = middle_cut(&"ä".repeat(100), 21).into_owned();
        assert_eq!(cut, format!("{0}[… 180 bytes left out …]{0}", "ä".repeat(5)));
        let call = |size: usize| ToolCall {
            id: "c".into(),
            name: "write_file".into(),
            arguments: serde_json::json!({ "content": "x".repeat(size) }),
        };
        assert_eq!(kept("Done.", &[call(100_000)]).calls, [call(100_000)], "a large file is kept whole");
        let storm: Vec<ToolCall> = (0..MOST_CALLS).map(|_| call(1_000_000)).collect();
        let reply = Message::Assistant(kept(&"x".repeat(1_000_000), &storm));
        assert!(message_bytes(&reply) < 3 * LONGEST_KEPT, "{}", message_bytes(&reply));
    }

    #[test]
    fn the_order_of_keys_makes_no_difference() {
        let parse = |text: &str| canonical(&serde_json::from_str(text).expect("JSON"));
        assert_eq!(
            parse(r#"{"b": [1, {"y": 2, "x": "\""}], "a": null}"#),
            parse(r#"{"a":null,"b":[1,{"x":"\"","y":2}]}"#)
        );
        assert_ne!(parse(r#"{"a": "1"}"#), parse(r#"{"a": 1}"#));
    }
}
