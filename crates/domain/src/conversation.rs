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
