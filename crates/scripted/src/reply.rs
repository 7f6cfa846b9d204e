//! A turn's answer to one conversation, still free of any wire format.

use serde_json::Value;

use crate::conversation::Conversation;
use crate::scenario::{FaultKind, Turn};
use crate::usage::Usage;

/// Why an answer ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Finish {
    Stop,
    ToolCalls,
    Length,
    ContentFilter,
}

/// One tool call.
#[derive(Debug, Clone)]
pub(crate) struct ReplyCall {
    /// Unique within the lane, and the same again for the same conversation.
    pub(crate) id: String,
    pub(crate) tool: String,
    /// The arguments as sent: JSON, unless they are malformed on purpose.
    pub(crate) args: String,
}

impl ReplyCall {
    /// The arguments as a JSON value; a string if they are malformed on purpose.
    pub(crate) fn args_value(&self) -> Value {
        serde_json::from_str(&self.args).unwrap_or_else(|_| Value::String(self.args.clone()))
    }
}

/// One complete answer.
#[derive(Debug, Clone)]
pub(crate) struct Reply {
    pub(crate) id: String,
    pub(crate) model: String,
    pub(crate) text: Option<String>,
    pub(crate) calls: Vec<ReplyCall>,
    pub(crate) finish: Finish,
    pub(crate) usage: Usage,
}

impl Reply {
    /// What a turn, with the fault that strikes it, answers to a conversation.
    pub(crate) fn new(conversation: &Conversation, turn: &Turn, fault: Option<&FaultKind>) -> Self {
        let id = conversation.key();
        let mut calls: Vec<ReplyCall> = turn
            .calls
            .iter()
            .enumerate()
            .map(|(index, call)| ReplyCall {
                id: format!("{id}{index:02}"),
                tool: call.tool.clone(),
                args: Value::Object(call.args.clone()).to_string(),
            })
            .collect();
        if let (Some(FaultKind::MalformedArgs(raw)), Some(first)) = (fault, calls.first_mut()) {
            first.args.clone_from(raw);
        }
        let usual = if calls.is_empty() { Finish::Stop } else { Finish::ToolCalls };
        let finish = turn.finish.unwrap_or(usual);
        let answer_bytes = turn.say.as_deref().map_or(0, str::len)
            + calls.iter().map(|call| call.tool.len() + call.args.len()).sum::<usize>();
        let usage = Usage::estimate(conversation.weight, answer_bytes, turn.usage);
        Self { id, model: conversation.model.clone(), text: turn.say.clone(), calls, finish, usage }
    }
}
