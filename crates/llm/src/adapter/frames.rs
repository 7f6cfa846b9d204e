//! What an answer on the OpenAI wire says about tool calls, the finish and the usage.
//!
//! The crate decodes text well, but servers that only resemble OpenAI leave out indexes, repeat ids, send arguments as
//! objects, or close without `[DONE]`; there a call would be lost or doubled, or the whole answer dropped. So the raw
//! frames are read here as well, and what they say about those three things is what counts.

use super::usage;
use crate::parse_arguments;
use serde_json::{Map, Value};
use squad_domain::conversation::ToolCall;
use squad_domain::model::Usage;
use std::collections::{HashMap, HashSet};

/// An answer, put together from its frames.
#[derive(Debug, Default)]
pub(super) struct OpenAiFrames {
    /// The finish reason in the provider's word.
    pub(super) finish: Option<String>,
    pub(super) usage: Option<Usage>,
    /// Whether the sentinel was seen that ends a stream.
    pub(super) done: bool,
    /// Bytes of tool calls that are kept in memory.
    pub(super) held: usize,
    calls: Vec<PartialCall>,
}

/// What a piece of a call counts at least: a call without a word in it takes memory, too.
pub(super) const PIECE: usize = 8;

#[derive(Debug, Default)]
struct PartialCall {
    index: Option<u64>,
    id: String,
    name: String,
    text: String,
    object: Option<Value>,
}

impl OpenAiFrames {
    /// Reads one `data:` payload.
    pub(super) fn read(&mut self, data: &str) {
        if data == "[DONE]" {
            self.done = true;
        } else if let Ok(frame) = serde_json::from_str::<Value>(data) {
            self.read_body(&frame);
        }
    }

    /// Reads a frame, or a whole answer that was not streamed: its `message` is one large delta.
    pub(super) fn read_body(&mut self, frame: &Value) {
        if let Some(usage) = [frame.get("usage"), frame.pointer("/x_groq/usage")]
            .into_iter()
            .flatten()
            .find_map(usage::from_openai)
        {
            self.usage = Some(usage);
        }
        let Some(choice) = frame.pointer("/choices/0") else { return };
        if let Some(finish) = choice.get("finish_reason").and_then(Value::as_str) {
            self.finish = Some(finish.to_owned());
        }
        for key in ["delta", "message"] {
            let calls = choice.get(key).and_then(|delta| delta.get("tool_calls")).and_then(Value::as_array);
            for call in calls.into_iter().flatten() {
                self.read_call(call);
            }
        }
    }

    fn read_call(&mut self, delta: &Value) {
        let text = |pointer: &str| delta.pointer(pointer).and_then(Value::as_str).unwrap_or_default();
        let (id, name) = (text("/id"), text("/function/name"));
        let index = delta.get("index").and_then(Value::as_u64);
        let slot = self.slot(index, id, name);
        self.held += PIECE + id.len() + name.len();
        let call = &mut self.calls[slot];
        if call.id.is_empty() {
            id.clone_into(&mut call.id);
        }
        // A name comes whole and once; some servers repeat it in every piece.
        if call.name.is_empty() {
            name.clone_into(&mut call.name);
        }
        match delta.pointer("/function/arguments") {
            Some(Value::String(piece)) => {
                self.held += piece.len();
                call.text.push_str(piece);
            }
            Some(value) if !value.is_null() => {
                self.held += value.to_string().len();
                call.object = Some(value.clone());
            }
            _ => {}
        }
    }

    /// Which call a piece belongs to: by index where there is one; else a new id or name starts the next call.
    fn slot(&mut self, index: Option<u64>, id: &str, name: &str) -> usize {
        let known = match index {
            // Gemini's dialect gives every call index 0 and its own id; others give every piece an id of its own.
            Some(_) => self.calls.iter().rposition(|call| {
                call.index == index
                    && (id.is_empty() || name.is_empty() || call.id.is_empty() || call.id == id)
            }),
            None if !id.is_empty() => self.calls.iter().rposition(|call| call.id == id),
            None if name.is_empty() => self.calls.len().checked_sub(1),
            None => None,
        };
        known.unwrap_or_else(|| {
            self.calls.push(PartialCall { index, ..PartialCall::default() });
            self.calls.len() - 1
        })
    }

    /// The calls in order. `cut`: the answer reached its token limit, so that empty arguments are not "no arguments".
    pub(super) fn take_calls(&mut self, cut: bool) -> Vec<ToolCall> {
        let calls = std::mem::take(&mut self.calls).into_iter();
        calls
            .filter(|call| !call.name.is_empty() || !call.text.is_empty() || call.object.is_some())
            .map(|call| ToolCall {
                id: call.id,
                name: call.name,
                arguments: call.object.unwrap_or_else(|| arguments(call.text, cut)),
            })
            .collect()
    }
}

/// Arguments as JSON; what is none, or says something twice, is kept as it is, so that the model can be asked to repair it.
pub(super) fn arguments(text: String, cut: bool) -> Value {
    if text.trim().is_empty() && !cut {
        return Value::Object(Map::new());
    }
    match parse_arguments(&text) {
        // Some models encode their arguments twice.
        Ok(Value::String(inner)) => match parse_arguments(&inner) {
            Ok(object @ Value::Object(_)) => object,
            _ => Value::String(inner),
        },
        Ok(value) => value,
        Err(_) => Value::String(text),
    }
}

/// Makes ids that are missing or repeated unique within the turn.
pub(super) fn unique_ids(calls: &mut [ToolCall]) {
    let mut taken: HashSet<String> = HashSet::with_capacity(calls.len());
    // Where the search for a free suffix goes on: ten thousand equal ids must not be compared with each other.
    let mut next: HashMap<String, usize> = HashMap::new();
    for (position, call) in calls.iter_mut().enumerate() {
        if call.id.trim().is_empty() {
            call.id = format!("call_{}", position + 1);
        }
        if taken.insert(call.id.clone()) {
            continue;
        }
        let suffix = next.entry(call.id.clone()).or_insert(2);
        call.id = loop {
            let candidate = format!("{}_{suffix}", call.id);
            *suffix += 1;
            if taken.insert(candidate.clone()) {
                break candidate;
            }
        };
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn calls_of(deltas: &[Value]) -> Vec<(String, String, Value)> {
        let mut frames = OpenAiFrames::default();
        for calls in deltas {
            frames.read(&json!({"choices": [{"delta": {"tool_calls": calls}}]}).to_string());
        }
        let mut calls = frames.take_calls(false);
        unique_ids(&mut calls);
        calls.into_iter().map(|call| (call.id, call.name, call.arguments)).collect()
    }

    fn call(id: &str, name: &str, arguments: Value) -> (String, String, Value) {
        (id.to_owned(), name.to_owned(), arguments)
    }

    #[test]
    fn parallel_calls_in_pieces_are_put_together() {
        let deltas = [
            json!([{"index": 0, "id": "a", "function": {"name": "x", "arguments": ""}}]),
            json!([{"index": 0, "function": {"arguments": "{\"p\""}}, {"index": 1, "id": "b", "function": {"name": "y", "arguments": "{}"}}]),
            json!([{"index": 0, "function": {"arguments": ":1}"}}]),
        ];
        assert_eq!(calls_of(&deltas), [call("a", "x", json!({"p": 1})), call("b", "y", json!({}))]);
    }

    #[test]
    fn servers_that_only_resemble_openai_lose_and_double_nothing() {
        let no_index = [
            json!([{"id": "a", "function": {"name": "x", "arguments": "{\"p\":"}}]),
            json!([{"function": {"arguments": "1}"}}]),
            json!([{"id": "b", "function": {"name": "x", "arguments": {"p": 2}}}]),
        ];
        assert_eq!(calls_of(&no_index), [call("a", "x", json!({"p": 1})), call("b", "x", json!({"p": 2}))]);
        let from_one = [json!([{"index": 1, "id": "a", "function": {"name": "x", "arguments": "{}"}}])];
        assert_eq!(
            calls_of(&from_one),
            [call("a", "x", json!({}))],
            "an index that starts at one makes no ghost"
        );
        let all_zero = [
            json!([{"index": 0, "id": "a", "function": {"name": "x", "arguments": "{}"}}]),
            json!([{"index": 0, "id": "b", "function": {"name": "y", "arguments": "{}"}}]),
        ];
        assert_eq!(calls_of(&all_zero), [call("a", "x", json!({})), call("b", "y", json!({}))]);
    }

    #[test]
    fn ids_are_made_unique() {
        let deltas = [
            json!([{"index": 0, "id": "same", "function": {"name": "x"}}]),
            json!([{"index": 1, "id": "same", "function": {"name": "y"}}]),
            json!([{"index": 2, "function": {"name": "z"}}]),
        ];
        let ids: Vec<String> = calls_of(&deltas).into_iter().map(|(id, ..)| id).collect();
        assert_eq!(ids, ["same", "same_2", "call_3"]);
    }

    #[test]
    fn arguments_that_are_not_json_are_kept_for_repair() {
        assert_eq!(arguments("{\"a\": ".into(), false), json!("{\"a\": "));
        assert_eq!(arguments(String::new(), true), json!(""), "cut before the first byte");
        assert_eq!(arguments(" ".into(), false), json!({}));
        let twice = "{\"a\": 1, \"a\": 2}";
        assert_eq!(arguments(twice.into(), false), json!(twice), "nobody knows which of them is meant");
        assert_eq!(arguments("\"{\\\"a\\\":1}\"".into(), false), json!({"a": 1}), "encoded twice");
    }
}
