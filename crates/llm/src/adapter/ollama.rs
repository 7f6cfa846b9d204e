//! Ollama's own chat format.
//!
//! The one wire that `genai` does not serve here: it sends no `num_ctx`, without which Ollama reads only the first few
//! thousand tokens of a prompt and silently drops the rest, and a member forgets its task.

use super::answer::Answer;
use super::think::ThinkFilter;
use super::{bounds, failures, usage};
use crate::{DeltaSink, ProviderError, Secret};
use futures::StreamExt;
use genai::chat::{ChatRequest, ChatRole, ContentPart};
use serde_json::{Map, Value, json};
use squad_domain::conversation::{Reply, ToolCall};
use squad_domain::model::Usage;
use std::time::Duration;
use tokio::time::{Instant, timeout, timeout_at};

/// The smallest and the largest context that is asked for, in tokens. Each change of size loads the model anew, so sizes
/// are powers of two.
const CONTEXT: std::ops::RangeInclusive<u64> = 8_192..=131_072;

/// A call to one server.
pub(super) struct Ollama<'a> {
    pub(super) http: &'a reqwest::Client,
    pub(super) base_url: &'a str,
    pub(super) key: &'a Secret,
    pub(super) first_byte: Duration,
    pub(super) idle: Duration,
    pub(super) heartbeats: Duration,
}

impl Ollama<'_> {
    /// Asks once, and returns the answer with the milliseconds to its first sign.
    pub(super) async fn ask(
        &self,
        body: &Value,
        max_output_tokens: u32,
        deltas: &DeltaSink,
    ) -> Result<(Answer, Option<u64>), ProviderError> {
        let started = Instant::now();
        let silent = |message: &str| ProviderError::Timeout { message: message.to_owned() };
        let transport = |error: &reqwest::Error, received| {
            failures::by_transport(error, self.key, self.base_url, received)
        };
        let mut request = self.http.post(format!("{}api/chat", self.base_url)).json(body);
        if !self.key.is_placeholder() {
            request = request.bearer_auth(self.key.expose());
        }
        let response = timeout(self.first_byte, request.send())
            .await
            .map_err(|_| silent("the answer did not begin"))?
            .map_err(|error| transport(&error, 0))?;
        let (status, headers) = (response.status(), response.headers().clone());
        if !status.is_success() {
            let body = bounds::refusal(response, self.idle).await;
            let words = self.key.redact(&failures::own_words(&String::from_utf8_lossy(&body)));
            return Err(failures::by_status(status, &words, &headers));
        }
        let mut reading = Reading::default();
        let mut first_token_ms = None;
        let mut pieces = response.bytes_stream();
        let mut last_word = Instant::now();
        while !reading.done {
            let until = (Instant::now() + self.idle).min(last_word + self.heartbeats);
            let Ok(piece) = timeout_at(until, pieces.next()).await else {
                return Err(match reading.received {
                    0 => silent("the answer went silent"),
                    received_bytes => ProviderError::Truncated {
                        message: "the answer went silent".to_owned(),
                        received_bytes,
                    },
                });
            };
            let Some(piece) = piece else { break };
            let piece = piece.map_err(|error| transport(&error, reading.received))?;
            first_token_ms
                .get_or_insert_with(|| u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX));
            let before = reading.received;
            reading.take(&piece, self.key, deltas)?;
            if reading.received > before {
                last_word = Instant::now();
            }
            // What it thinks is not kept, but counted: a thought has a bound as well.
            if reading.received > bounds::longest_reply(max_output_tokens) {
                let message = bounds::too_long(max_output_tokens);
                return Err(ProviderError::Truncated { message, received_bytes: reading.received });
            }
        }
        reading.finish(deltas).map(|answer| (answer, first_token_ms))
    }
}

/// The request's body. `input_tokens` is our estimate of it.
pub(super) fn body(model: &str, chat: &ChatRequest, max_output_tokens: u32, input_tokens: u64) -> Value {
    let needed = input_tokens + u64::from(max_output_tokens);
    let context = needed.next_power_of_two().clamp(*CONTEXT.start(), *CONTEXT.end());
    let messages: Vec<Value> = chat.messages.iter().flat_map(messages).collect();
    let mut body = json!({
        "model": model,
        "stream": true,
        "messages": messages,
        "options": { "num_ctx": context, "num_predict": max_output_tokens },
    });
    if let Some(tools) = &chat.tools {
        let tools: Vec<Value> = tools
            .iter()
            .map(|tool| {
                json!({ "type": "function", "function": {
                    "name": tool.name.as_str(), "description": tool.description, "parameters": tool.schema } })
            })
            .collect();
        body["tools"] = Value::Array(tools);
    }
    body
}

fn messages(message: &genai::chat::ChatMessage) -> Vec<Value> {
    let role = match message.role {
        ChatRole::System => "system",
        ChatRole::User => "user",
        ChatRole::Assistant => "assistant",
        ChatRole::Tool => "tool",
    };
    let mut text = String::new();
    let mut calls = Vec::new();
    let mut results = Vec::new();
    for part in message.content.parts() {
        match part {
            ContentPart::Text(words) => text.push_str(words),
            ContentPart::ToolCall(call) => {
                calls.push(json!({ "function": { "name": call.fn_name, "arguments": call.fn_arguments } }));
            }
            ContentPart::ToolResponse(result) => {
                results.push(json!({ "role": role, "tool_name": result.fn_name, "content": result.content }));
            }
            _ => {}
        }
    }
    if !results.is_empty() {
        return results;
    }
    let mut value = json!({ "role": role, "content": text });
    if !calls.is_empty() {
        value["tool_calls"] = Value::Array(calls);
    }
    vec![value]
}

/// An answer as its lines arrive.
#[derive(Default)]
pub(super) struct Reading {
    line: Vec<u8>,
    text: String,
    calls: Vec<ToolCall>,
    filter: ThinkFilter,
    usage: Option<Usage>,
    stop: Option<String>,
    done: bool,
    received: usize,
}

impl Reading {
    pub(super) fn take(
        &mut self,
        piece: &[u8],
        key: &Secret,
        deltas: &DeltaSink,
    ) -> Result<(), ProviderError> {
        for part in piece.split_inclusive(|byte| *byte == b'\n') {
            self.line.extend_from_slice(part);
            if part.ends_with(b"\n") {
                let line = std::mem::take(&mut self.line);
                self.read(&line, key, deltas)?;
            } else if self.line.len() > bounds::LONGEST_EVENT {
                let message = format!("one line of it grew beyond {}", bounds::size(bounds::LONGEST_EVENT));
                return Err(ProviderError::Truncated { message, received_bytes: self.received });
            }
        }
        Ok(())
    }

    fn read(&mut self, line: &[u8], key: &Secret, deltas: &DeltaSink) -> Result<(), ProviderError> {
        if line.trim_ascii().is_empty() {
            return Ok(());
        }
        let received_bytes = self.received;
        let value: Value = serde_json::from_slice(line).map_err(|error| ProviderError::Truncated {
            message: format!("a piece of the answer is not JSON: {error}"),
            received_bytes,
        })?;
        if let Some(error) = value.get("error") {
            let words = key.redact(&failures::own_words(&value.to_string()));
            return Err(failures::by_body(&words, error, received_bytes));
        }
        let text = |pointer: &str| value.pointer(pointer).and_then(Value::as_str).unwrap_or_default();
        let (words, thoughts) = (text("/message/content"), text("/message/thinking"));
        self.received += words.len() + thoughts.len();
        let shown = self.filter.push(words);
        deltas.text(&shown);
        self.text.push_str(&shown);
        for call in value.pointer("/message/tool_calls").and_then(Value::as_array).into_iter().flatten() {
            self.received += call.to_string().len();
            let text =
                |pointer: &str| call.pointer(pointer).and_then(Value::as_str).unwrap_or_default().to_owned();
            let arguments = match call.pointer("/function/arguments") {
                Some(Value::String(raw)) => super::frames::arguments(raw.clone(), false),
                Some(Value::Null) | None => Value::Object(Map::new()),
                Some(value) => value.clone(),
            };
            self.calls.push(ToolCall { id: text("/id"), name: text("/function/name"), arguments });
        }
        if value.get("done").and_then(Value::as_bool) == Some(true) {
            self.done = true;
            self.stop = Some(text("/done_reason").to_owned()).filter(|reason| !reason.is_empty());
            self.usage = usage(&value);
        }
        Ok(())
    }

    fn finish(mut self, deltas: &DeltaSink) -> Result<Answer, ProviderError> {
        if !self.done {
            let message = "the answer ended without saying why it stopped".to_owned();
            return Err(ProviderError::Truncated { message, received_bytes: self.received });
        }
        let rest = self.filter.finish();
        deltas.text(&rest);
        self.text.push_str(&rest);
        let reply = Reply { text: self.text, calls: self.calls };
        Ok(Answer::new(reply, self.stop.unwrap_or_else(|| "stop".to_owned()), self.usage))
    }
}

/// `None` where nothing is told. A prompt served whole from the cache may come without a count.
fn usage(value: &Value) -> Option<Usage> {
    let input = usage::count(Some(value.get("prompt_eval_count")?))?;
    let output = usage::count(Some(value.get("eval_count")?))?;
    let cached_input = usage::count(value.get("prompt_eval_cached_count")).unwrap_or(0).min(input);
    usage::believed(Usage { input, cached_input, output, ..Usage::default() })
}
