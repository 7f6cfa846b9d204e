//! What an answer on the Anthropic wire says about tool calls, the stop and the usage.
//!
//! The crate knows one open block at a time, reads arguments into a value before anybody can see that a key stands in them
//! twice, and adds up counts that may overflow. So, as on the OpenAI wire, the raw frames are what counts.

use super::frames::{PIECE, arguments};
use super::usage::{believed, count};
use serde_json::Value;
use squad_domain::conversation::ToolCall;
use squad_domain::model::Usage;

/// An answer, put together from its frames.
#[derive(Debug, Default)]
pub(super) struct AnthropicFrames {
    /// The stop reason in the provider's word.
    pub(super) stop: Option<String>,
    /// Bytes of tool calls that are kept in memory.
    pub(super) held: usize,
    calls: Vec<PartialCall>,
    told: Told,
}

#[derive(Debug)]
struct PartialCall {
    index: Option<u64>,
    id: String,
    name: String,
    text: String,
    /// Arguments that came with the beginning of the call, as one object.
    object: Option<Value>,
    open: bool,
}

/// The counts as they were last told. Anthropic leaves cached tokens out of its input.
#[derive(Debug, Default)]
struct Told {
    input: Option<Value>,
    output: Option<Value>,
    cached: Option<Value>,
    written: Option<Value>,
}

impl AnthropicFrames {
    /// Reads one event's payload; `event` is its name, which the payload usually repeats as its type.
    pub(super) fn read(&mut self, event: Option<&str>, data: &str) {
        let Ok(frame) = serde_json::from_str::<Value>(data) else { return };
        match frame.get("type").and_then(Value::as_str).or(event) {
            Some("message_start") => self.told.read(frame.pointer("/message/usage")),
            Some("message_delta") => {
                self.told.read(frame.get("usage"));
                if let Some(stop) = frame.pointer("/delta/stop_reason").and_then(Value::as_str) {
                    self.stop = Some(stop.to_owned());
                }
            }
            Some("content_block_start") => self.begin(&frame),
            Some("content_block_delta") => {
                if let Some(piece) = frame.pointer("/delta/partial_json").and_then(Value::as_str)
                    && let Some(call) = self.open(&frame)
                {
                    call.text.push_str(piece);
                    self.held += PIECE + piece.len();
                }
            }
            Some("content_block_stop") => {
                if let Some(call) = self.open(&frame) {
                    call.open = false;
                }
            }
            _ => {}
        }
    }

    fn begin(&mut self, frame: &Value) {
        let Some(block) = frame.get("content_block").filter(|block| block["type"] == "tool_use") else {
            return;
        };
        let text = |key: &str| block.get(key).and_then(Value::as_str).unwrap_or_default().to_owned();
        let object = block.get("input").filter(|input| input.as_object().is_some_and(|map| !map.is_empty()));
        let (id, name) = (text("id"), text("name"));
        self.held += PIECE + id.len() + name.len() + object.map_or(0, |object| object.to_string().len());
        self.calls.push(PartialCall {
            index: index(frame),
            id,
            name,
            text: String::new(),
            object: object.cloned(),
            open: true,
        });
    }

    /// The call that a piece belongs to: by index where there is one.
    fn open(&mut self, frame: &Value) -> Option<&mut PartialCall> {
        let index = index(frame);
        self.calls.iter_mut().rev().find(|call| call.open && call.index == index)
    }

    /// What was used; `None` where that is not told, or cannot be true.
    pub(super) fn usage(&self) -> Option<Usage> {
        let Told { input, output, cached, written } = &self.told;
        let (cached_input, cache_write) = (count(cached.as_ref())?, count(written.as_ref())?);
        let input = count(input.as_ref())?.saturating_add(cached_input).saturating_add(cache_write);
        believed(Usage { input, cached_input, cache_write, output: count(output.as_ref())?, reasoning: 0 })
    }

    /// The calls in order. `cut`: the answer reached its token limit; a call that was not closed then is cut.
    pub(super) fn take_calls(&mut self, cut: bool) -> Vec<ToolCall> {
        let calls = std::mem::take(&mut self.calls).into_iter();
        calls
            .map(|call| ToolCall {
                id: call.id,
                name: call.name,
                arguments: match call.object {
                    Some(object) if call.text.is_empty() => object,
                    _ => arguments(call.text, cut && call.open),
                },
            })
            .collect()
    }
}

impl Told {
    fn read(&mut self, usage: Option<&Value>) {
        let Some(usage) = usage else { return };
        let newer = |slot: &mut Option<Value>, key: &str| {
            if let Some(value) = usage.get(key).filter(|value| !value.is_null()) {
                *slot = Some(value.clone());
            }
        };
        newer(&mut self.input, "input_tokens");
        newer(&mut self.output, "output_tokens");
        newer(&mut self.cached, "cache_read_input_tokens");
        newer(&mut self.written, "cache_creation_input_tokens");
    }
}

fn index(frame: &Value) -> Option<u64> {
    frame.get("index").and_then(Value::as_u64)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn read(frames: &[Value]) -> AnthropicFrames {
        let mut read = AnthropicFrames::default();
        frames.iter().for_each(|frame| read.read(None, &frame.to_string()));
        read
    }

    fn begins(index: u64, id: &str) -> Value {
        json!({"type": "content_block_start", "index": index,
            "content_block": {"type": "tool_use", "id": id, "name": "x", "input": {}}})
    }

    fn goes_on(index: u64, piece: &str) -> Value {
        json!({"type": "content_block_delta", "index": index, "delta": {"type": "input_json_delta", "partial_json": piece}})
    }

    #[test]
    fn blocks_that_come_in_side_by_side_are_kept_apart() {
        let mut frames = read(&[
            begins(0, "a"),
            begins(1, "b"),
            goes_on(0, "{\"p\":"),
            goes_on(1, "{\"q\":"),
            goes_on(0, "1}"),
            goes_on(1, "2}"),
            json!({"type": "content_block_stop", "index": 0}),
            goes_on(0, "late"),
            json!({"type": "content_block_stop", "index": 1}),
        ]);
        let calls: Vec<Value> = frames.take_calls(false).into_iter().map(|call| call.arguments).collect();
        assert_eq!(calls, [json!({"p": 1}), json!({"q": 2})]);
    }

    #[test]
    fn the_last_count_that_was_told_counts() {
        let start = |usage: Value| json!({"type": "message_start", "message": {"usage": usage}});
        let end = |usage: Value| json!({"type": "message_delta", "delta": {"stop_reason": "end_turn"}, "usage": usage});
        let told = read(&[
            start(json!({"input_tokens": 20, "cache_read_input_tokens": 900, "output_tokens": 1})),
            end(json!({"output_tokens": 33, "cache_read_input_tokens": null})),
        ]);
        let expected = Usage { input: 920, cached_input: 900, output: 33, ..Usage::default() };
        assert_eq!(told.usage(), Some(expected));
        for absurd in [json!(i32::MAX), json!(u64::MAX), json!(-1)] {
            let told = read(&[
                start(json!({"input_tokens": absurd, "cache_read_input_tokens": absurd})),
                end(json!({})),
            ]);
            assert_eq!(told.usage(), None, "{absurd}");
        }
    }
}
