//! A provider's answer in our terms.

use super::anthropic::AnthropicFrames;
use super::frames::{OpenAiFrames, arguments, unique_ids};
use super::usage;
use crate::estimate::{RequestSize, estimate_reply};
use crate::{FinishReason, ModelRequest, ProviderCompletion};
use genai::chat::{StopReason, StreamEnd};
use serde_json::Value;
use squad_domain::conversation::{Reply, ToolCall};
use squad_domain::model::Usage;

/// A whole answer, before it is checked and counted.
pub(super) struct Answer {
    pub(super) reply: Reply,
    finish: FinishReason,
    usage: Option<Usage>,
}

impl Answer {
    /// A whole answer that stopped for the reason `stop`, in the provider's word.
    pub(super) fn new(reply: Reply, stop: String, usage: Option<Usage>) -> Self {
        Self { reply, finish: finish(&StopReason::from(stop)), usage }
    }

    /// `None` where the answer does not say that it is whole.
    pub(super) fn from_frames(text: String, frames: &mut OpenAiFrames) -> Option<Self> {
        let stop = match frames.finish.take() {
            Some(word) => StopReason::from(word),
            None if frames.done => StopReason::from("stop".to_owned()),
            None => return None,
        };
        let finish = finish(&stop);
        let calls = frames.take_calls(finish == FinishReason::Length);
        Some(Self { reply: Reply { text, calls }, finish, usage: frames.usage })
    }

    /// `None` where the answer does not say that it is whole.
    pub(super) fn from_anthropic(text: String, frames: &mut AnthropicFrames) -> Option<Self> {
        let finish = finish(&StopReason::from(frames.stop.take()?));
        let calls = frames.take_calls(finish == FinishReason::Length);
        Some(Self { reply: Reply { text, calls }, finish, usage: frames.usage() })
    }

    pub(super) fn from_end(text: String, end: StreamEnd) -> Option<Self> {
        let stop = end.captured_stop_reason?;
        let usage = end.captured_usage.as_ref().and_then(usage::from_genai);
        let calls =
            end.captured_content.map(genai::chat::MessageContent::into_tool_calls).unwrap_or_default();
        Self::from_parts(text, calls, Some(&stop), usage)
    }

    pub(super) fn from_parts(
        text: String,
        calls: Vec<genai::chat::ToolCall>,
        stop: Option<&StopReason>,
        usage: Option<Usage>,
    ) -> Option<Self> {
        let finish = finish(stop?);
        let cut = finish == FinishReason::Length;
        let calls = calls
            .into_iter()
            .map(|call| ToolCall {
                id: call.call_id,
                name: call.fn_name,
                arguments: match call.fn_arguments {
                    Value::String(raw) => arguments(raw, cut),
                    Value::Null => arguments(String::new(), cut),
                    value => value,
                },
            })
            .collect();
        Some(Self { reply: Reply { text, calls }, finish, usage })
    }

    pub(super) fn complete(
        mut self,
        request: &ModelRequest,
        first_token_ms: Option<u64>,
    ) -> ProviderCompletion {
        unique_ids(&mut self.reply.calls);
        // Several servers say `stop` although they called tools.
        let finish = match self.finish {
            FinishReason::Stop if !self.reply.calls.is_empty() => FinishReason::ToolCalls,
            finish => finish,
        };
        let estimate = || Usage {
            input: RequestSize::of(request).estimated_tokens(),
            output: estimate_reply(&self.reply),
            ..Usage::default()
        };
        let usage_estimated = self.usage.is_none();
        let usage = self.usage.unwrap_or_else(estimate);
        ProviderCompletion { reply: self.reply, usage, usage_estimated, finish, first_token_ms }
    }
}

fn finish(stop: &StopReason) -> FinishReason {
    match stop {
        StopReason::Completed(_) | StopReason::StopSequence(_) => FinishReason::Stop,
        StopReason::MaxTokens(_) => FinishReason::Length,
        StopReason::ToolCall(_) => FinishReason::ToolCalls,
        StopReason::ContentFilter(_) => FinishReason::ContentFilter,
        StopReason::Other(word) => FinishReason::Other(word.clone()),
    }
}
