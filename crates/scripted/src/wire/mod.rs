//! The two wire formats: reading requests, writing answers, streams and errors.

mod anthropic;
mod openai;

use serde_json::Value;

use crate::conversation::Conversation;
use crate::frames::Frames;
use crate::reply::Reply;

/// A provider's way of speaking.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WireFormat {
    /// `POST /v1/chat/completions`, spoken by OpenAI, Groq, Ollama, vLLM and many others.
    OpenAi,
    /// `POST /v1/messages`, spoken by Anthropic.
    Anthropic,
}

impl WireFormat {
    /// Reads a request; the error says what is missing.
    pub(crate) fn read(self, body: &Value) -> Result<Conversation, String> {
        match self {
            Self::OpenAi => openai::read(body),
            Self::Anthropic => anthropic::read(body),
        }
    }

    /// An answer's body when it is not streamed.
    pub(crate) fn body(self, reply: &Reply) -> Value {
        match self {
            Self::OpenAi => openai::body(reply),
            Self::Anthropic => anthropic::body(reply),
        }
    }

    /// An answer's stream of server-sent events.
    pub(crate) fn stream(self, reply: &Reply, with_usage: bool) -> Frames {
        match self {
            Self::OpenAi => openai::stream(reply, with_usage),
            Self::Anthropic => anthropic::stream(reply),
        }
    }

    /// An error's body.
    pub(crate) fn error(self, status: u16, message: &str) -> Value {
        match self {
            Self::OpenAi => openai::error(status, message),
            Self::Anthropic => anthropic::error(status, message),
        }
    }

    /// The list of models.
    pub(crate) fn models(self, ids: &[&str]) -> Value {
        match self {
            Self::OpenAi => openai::models(ids),
            Self::Anthropic => anthropic::models(ids),
        }
    }
}

/// The text of a content field: a string, or the text parts of an array joined.
fn text_of(content: &Value) -> String {
    match content {
        Value::String(text) => text.clone(),
        Value::Array(parts) => {
            parts.iter().filter_map(|part| part["text"].as_str()).collect::<Vec<_>>().join("\n")
        }
        _ => String::new(),
    }
}

/// The messages of a request, or what is wrong with it.
fn messages_of(body: &Value) -> Result<&Vec<Value>, String> {
    body["messages"]
        .as_array()
        .filter(|messages| !messages.is_empty())
        .ok_or_else(|| "`messages` is missing or empty; send at least one message".to_owned())
}

/// The model of a request, or what is wrong with it.
fn model_of(body: &Value) -> Result<String, String> {
    body["model"].as_str().map(ToOwned::to_owned).ok_or_else(|| {
        "`model` is missing; name any model, the scripted one answers to every name".to_owned()
    })
}

/// The elements of an optional array, or the value itself where it is no array.
fn elements(value: &Value) -> impl Iterator<Item = &Value> {
    match value {
        Value::Null => [].iter(),
        Value::Array(elements) => elements.iter(),
        single => std::slice::from_ref(single).iter(),
    }
}
