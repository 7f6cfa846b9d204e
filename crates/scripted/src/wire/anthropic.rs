//! Anthropic's messages.

use serde_json::{Value, json};

use super::{elements, messages_of, model_of, text_of};
use crate::conversation::{Conversation, Message, Speaker};
use crate::frames::{Frames, args_pieces, text_pieces};
use crate::reply::{Finish, Reply};
use crate::usage::{Usage, Weight};

pub(super) fn read(body: &Value) -> Result<Conversation, String> {
    let raw = messages_of(body)?;
    if !body["max_tokens"].is_u64() {
        return Err("`max_tokens` is missing; this format requires it".to_owned());
    }
    let mut messages = Vec::with_capacity(raw.len() + 1);
    messages.push(Message {
        speaker: Speaker::System,
        text: text_of(&body["system"]),
        tool_results: Vec::new(),
    });
    for message in raw {
        messages.push(read_message(message)?);
    }
    let head = elements(&body["tools"]).chain(elements(&body["system"])).map(|part| (part, false));
    let weighed = head.chain(raw.iter().map(|message| (message, message["role"] == "assistant")));
    Ok(Conversation {
        model: model_of(body)?,
        streaming: body["stream"].as_bool().unwrap_or(false),
        usage_in_stream: true,
        weight: Weight::of(weighed, true),
        messages,
    })
}

fn read_message(message: &Value) -> Result<Message, String> {
    let speaker = match message["role"].as_str() {
        Some("user") => Speaker::User,
        Some("assistant") => Speaker::Assistant,
        other => return Err(format!("a message has the role {other:?}; use user or assistant")),
    };
    let tool_results = elements(&message["content"])
        .filter(|block| block["type"] == "tool_result")
        .map(|block| text_of(&block["content"]))
        .collect();
    Ok(Message { speaker, text: text_of(&message["content"]), tool_results })
}

pub(super) fn body(reply: &Reply) -> Value {
    let text = reply.text.iter().map(|text| json!({ "type": "text", "text": text }));
    let calls = reply.calls.iter().map(|call| {
        json!({ "type": "tool_use", "id": call_id(&call.id), "name": call.tool, "input": call.args_value() })
    });
    json!({
        "id": message_id(reply),
        "type": "message",
        "role": "assistant",
        "model": reply.model,
        "content": text.chain(calls).collect::<Vec<_>>(),
        "stop_reason": stop_reason(reply.finish),
        "stop_sequence": null,
        "usage": usage(reply.usage, reply.usage.output),
    })
}

pub(super) fn stream(reply: &Reply) -> Frames {
    let mut frames = Frames::default();
    frames.push(event(&json!({ "type": "message_start", "message": {
        "id": message_id(reply),
        "type": "message",
        "role": "assistant",
        "model": reply.model,
        "content": [],
        "stop_reason": null,
        "stop_sequence": null,
        "usage": usage(reply.usage, 1),
    } })));
    let mut index = 0;
    if let Some(text) = &reply.text {
        let block = json!({ "type": "text", "text": "" });
        frames.push(event(&json!({ "type": "content_block_start", "index": index, "content_block": block })));
        frames.push(event(&json!({ "type": "ping" })));
        for piece in text_pieces(text) {
            let delta = json!({ "type": "text_delta", "text": piece });
            frames.push_content(event(
                &json!({ "type": "content_block_delta", "index": index, "delta": delta }),
            ));
        }
        frames.push(event(&json!({ "type": "content_block_stop", "index": index })));
        index += 1;
    }
    for call in &reply.calls {
        let block = json!({ "type": "tool_use", "id": call_id(&call.id), "name": call.tool, "input": {} });
        frames.push(event(&json!({ "type": "content_block_start", "index": index, "content_block": block })));
        for piece in args_pieces(&call.args) {
            let delta = json!({ "type": "input_json_delta", "partial_json": piece });
            frames.push_content(event(
                &json!({ "type": "content_block_delta", "index": index, "delta": delta }),
            ));
        }
        frames.push(event(&json!({ "type": "content_block_stop", "index": index })));
        index += 1;
    }
    frames.push(event(&json!({
        "type": "message_delta",
        "delta": { "stop_reason": stop_reason(reply.finish), "stop_sequence": null },
        "usage": { "output_tokens": reply.usage.output },
    })));
    frames.push(event(&json!({ "type": "message_stop" })));
    frames
}

pub(super) fn error(status: u16, message: &str) -> Value {
    let kind = match status {
        401 => "authentication_error",
        403 => "permission_error",
        404 => "not_found_error",
        413 => "request_too_large",
        429 => "rate_limit_error",
        529 => "overloaded_error",
        400..=499 => "invalid_request_error",
        _ => "api_error",
    };
    json!({ "type": "error", "error": { "type": kind, "message": message } })
}

pub(super) fn models(ids: &[&str]) -> Value {
    let data: Vec<Value> = ids
        .iter()
        .map(|id| {
            json!({ "type": "model", "id": id, "display_name": id, "created_at": "2026-01-01T00:00:00Z" })
        })
        .collect();
    json!({ "data": data, "has_more": false, "first_id": ids.first(), "last_id": ids.last() })
}

/// One event, named after its type as the format demands.
fn event(data: &Value) -> String {
    let name = data["type"].as_str().unwrap_or_default();
    format!("event: {name}\ndata: {data}\n\n")
}

fn message_id(reply: &Reply) -> String {
    format!("msg_{}", reply.id)
}

fn call_id(id: &str) -> String {
    format!("toolu_{id}")
}

fn stop_reason(finish: Finish) -> &'static str {
    match finish {
        Finish::Stop => "end_turn",
        Finish::ToolCalls => "tool_use",
        Finish::Length => "max_tokens",
        Finish::ContentFilter => "refusal",
    }
}

/// In this format `input_tokens` leaves out what the cache took.
fn usage(usage: Usage, output: u64) -> Value {
    json!({
        "input_tokens": usage.input - usage.cached - usage.written,
        "cache_creation_input_tokens": usage.written,
        "cache_read_input_tokens": usage.cached,
        "output_tokens": output,
    })
}
