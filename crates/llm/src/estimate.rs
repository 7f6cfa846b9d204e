//! Tokens from bytes, where no tokenizer is at hand.

use crate::ModelRequest;
use squad_domain::conversation::Message;

/// Overhead of one message: role markers and separators of every known wire format stay below it.
const PER_MESSAGE: u64 = 16;
/// Overhead of one tool's definition around its schema.
const PER_TOOL: u64 = 64;
/// What providers put in front of a request with tools (Anthropic documents 264 to 530 tokens).
const PER_REQUEST: u64 = 640;

/// About how many tokens `text` is, for budgeting a context: one per four bytes, the usual rate of English prose and code.
#[must_use]
pub fn estimate_tokens(text: &str) -> u64 {
    (text.len() as u64).div_ceil(4)
}

/// More input tokens than `request` can be, for reserving money: one per two bytes, plus overheads.
///
/// Text and code run at 3 to 5 bytes a token with the tokenizers in use, dense text such as hexadecimal digests and
/// minified code near 2, and scripts outside ASCII have 2 to 4 bytes a character. Only noise made to be dense goes beyond.
#[must_use]
pub fn upper_bound_tokens(request: &ModelRequest) -> u64 {
    RequestSize::of(request).upper_bound_tokens()
}

/// How large a request is. A conversation is long: it is measured once, and asked about as often as there are candidates.
#[derive(Debug, Clone, Copy)]
pub(crate) struct RequestSize {
    bytes: u64,
    messages: u64,
    tools: u64,
}

impl RequestSize {
    pub(crate) fn of(request: &ModelRequest) -> Self {
        let messages: usize = request.messages.iter().map(message_bytes).sum();
        let tools: usize = request
            .tools
            .iter()
            .map(|tool| tool.name.len() + tool.description.len() + tool.schema.to_string().len())
            .sum();
        Self {
            bytes: (request.system.len() + messages + tools) as u64,
            messages: request.messages.len() as u64,
            tools: request.tools.len() as u64,
        }
    }

    /// About how many input tokens it is.
    pub(crate) fn estimated_tokens(self) -> u64 {
        self.bytes.div_ceil(4) + PER_MESSAGE / 2 * self.messages
    }

    /// See [`upper_bound_tokens`].
    pub(crate) fn upper_bound_tokens(self) -> u64 {
        self.bytes.div_ceil(2) + PER_MESSAGE * (self.messages + 1) + PER_TOOL * self.tools + PER_REQUEST
    }
}

fn message_bytes(message: &Message) -> usize {
    match message {
        Message::User { text } => text.len(),
        Message::Assistant(reply) => reply.text.len() + reply_call_bytes(reply),
        Message::Tool { call_id, content } => call_id.len() + content.len(),
    }
}

fn reply_call_bytes(reply: &squad_domain::conversation::Reply) -> usize {
    reply.calls.iter().map(|call| call.id.len() + call.name.len() + call.argument_bytes()).sum()
}

/// About how many output tokens a reply is, where the provider tells none.
#[must_use]
pub(crate) fn estimate_reply(reply: &squad_domain::conversation::Reply) -> u64 {
    ((reply.text.len() + reply_call_bytes(reply)) as u64).div_ceil(4)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;
    use squad_domain::conversation::{Reply, ToolCall, ToolSpec};

    #[test]
    fn the_bound_counts_everything_that_is_sent() {
        let small = ModelRequest { max_output_tokens: 1, ..ModelRequest::default() };
        let base = upper_bound_tokens(&small);
        let with = |change: &dyn Fn(&mut ModelRequest)| {
            let mut request = small.clone();
            change(&mut request);
            upper_bound_tokens(&request) - base
        };
        assert!(with(&|r| r.system = "x".repeat(100)) >= 50);
        assert!(with(&|r| r.messages.push(Message::User { text: "x".repeat(100) })) >= 50);
        assert!(
            with(&|r| r.messages.push(Message::Tool { call_id: "c".into(), content: "x".repeat(100) })) >= 50
        );
        let call = ToolCall {
            id: "1".into(),
            name: "write_file".into(),
            arguments: json!({"content": "x".repeat(100)}),
        };
        assert!(
            with(&|r| r
                .messages
                .push(Message::Assistant(Reply { text: String::new(), calls: vec![call.clone()] })))
                >= 50
        );
        let tool =
            ToolSpec { name: "t".into(), description: "d".repeat(60), schema: json!({"a": "b".repeat(40)}) };
        assert!(with(&|r| r.tools.push(tool.clone())) >= 50);
    }
}
