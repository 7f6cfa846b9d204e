//! What is said to a model and what it says back, in no provider's format.

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// A tool call as the model made it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ToolCall {
    /// The provider's id of the call, to which the result refers. Unique within a turn.
    pub id: String,
    /// The tool's name in the model's words; it need not exist.
    pub name: String,
    /// The arguments in the model's words: any JSON, or a string holding what was not JSON.
    pub arguments: Value,
}

impl ToolCall {
    /// How long its arguments are as JSON, in bytes. Long conversations are measured before each turn, so nothing is
    /// written for it.
    #[must_use]
    pub fn argument_bytes(&self) -> usize {
        struct Counter(usize);
        impl std::io::Write for Counter {
            fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
                self.0 += bytes.len();
                Ok(bytes.len())
            }
            fn flush(&mut self) -> std::io::Result<()> {
                Ok(())
            }
        }
        let mut counter = Counter(0);
        // A value is always valid JSON, and counting never fails.
        drop(serde_json::to_writer(&mut counter, &self.arguments));
        counter.0
    }
}

/// What the model said in one turn.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Reply {
    /// Its words. Empty where it only called tools.
    #[serde(default)]
    pub text: String,
    /// The tools it called, in order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub calls: Vec<ToolCall>,
}

/// One entry of a conversation.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "role", rename_all = "snake_case")]
pub enum Message {
    /// What the member is told.
    User {
        /// The words.
        text: String,
    },
    /// What the model said.
    Assistant(Reply),
    /// The result of one tool call.
    Tool {
        /// Which call it answers.
        call_id: String,
        /// The result, bounded.
        content: String,
    },
}

/// A tool as offered to a model.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ToolSpec {
    /// Its name.
    pub name: String,
    /// What it does, in a sentence or two.
    pub description: String,
    /// JSON Schema of its arguments.
    pub schema: Value,
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn arguments_are_as_long_as_they_are_written() {
        for arguments in
            [json!(null), json!({"path": "a\n\"b\u{1}", "deep": [1, -2.5e30, {"ä": true}]}), json!("text")]
        {
            let length = arguments.to_string().len();
            let call = ToolCall { id: "1".into(), name: "read_file".into(), arguments };
            assert_eq!(call.argument_bytes(), length);
        }
    }
}
