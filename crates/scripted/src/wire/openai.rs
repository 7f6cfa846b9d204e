//! OpenAI's chat completions.

use serde_json::{Value, json};

use super::{elements, messages_of, model_of, text_of};
use crate::conversation::{Conversation, Message, Speaker};
use crate::frames::{Frames, args_pieces, text_pieces};
use crate::reply::{Finish, Reply};
use crate::usage::{Usage, Weight};

/// The time of every answer, in seconds since 1970: constant, so that answers are.
const CREATED: u64 = 1_767_225_600;

pub(super) fn read(body: &Value) -> Result<Conversation, String> {
    let raw = messages_of(body)?;
    let messages = raw.iter().map(read_message).collect::<Result<_, _>>()?;
    let tools = elements(&body["tools"]).map(|tool| (tool, false));
    let weighed = tools.chain(raw.iter().map(|message| (message, message["role"] == "assistant")));
    Ok(Conversation {
        model: model_of(body)?,
        streaming: body["stream"].as_bool().unwrap_or(false),
        usage_in_stream: body["stream_options"]["include_usage"].as_bool().unwrap_or(false),
        weight: Weight::of(weighed, false),
        messages,
    })
}

fn read_message(message: &Value) -> Result<Message, String> {
    let text = text_of(&message["content"]);
    let speaker = match message["role"].as_str() {
        Some("system" | "developer") => Speaker::System,
        Some("user") => Speaker::User,
        Some("assistant") => Speaker::Assistant,
        Some("tool") => {
            return Ok(Message { speaker: Speaker::Tool, text: String::new(), tool_results: vec![text] });
        }
        other => {
            return Err(format!("a message has the role {other:?}; use system, user, assistant or tool"));
        }
    };
    Ok(Message { speaker, text, tool_results: Vec::new() })
}

pub(super) fn body(reply: &Reply) -> Value {
    let mut message = json!({ "role": "assistant", "content": reply.text, "refusal": null });
    if !reply.calls.is_empty() {
        message["tool_calls"] = reply
            .calls
            .iter()
            .map(|call| {
                json!({
                    "id": call_id(&call.id),
                    "type": "function",
                    "function": { "name": call.tool, "arguments": call.args },
                })
            })
            .collect();
    }
    json!({
        "id": completion_id(reply),
        "object": "chat.completion",
        "created": CREATED,
        "model": reply.model,
        "choices": [{
            "index": 0,
            "message": message,
            "logprobs": null,
            "finish_reason": finish_reason(reply.finish),
        }],
        "usage": usage(reply.usage),
        "system_fingerprint": null,
    })
}

pub(super) fn stream(reply: &Reply, with_usage: bool) -> Frames {
    let chunk = |choices: Value, usage: Option<Value>| {
        let mut chunk = json!({
            "id": completion_id(reply),
            "object": "chat.completion.chunk",
            "created": CREATED,
            "model": reply.model,
            "system_fingerprint": null,
            "choices": choices,
        });
        if with_usage {
            chunk["usage"] = usage.into();
        }
        format!("data: {chunk}\n\n")
    };
    let delta = |delta: Value| {
        chunk(json!([{ "index": 0, "delta": delta, "logprobs": null, "finish_reason": null }]), None)
    };

    let mut frames = Frames::default();
    let opening = reply.text.as_ref().map(|_| "");
    frames.push(delta(json!({ "role": "assistant", "content": opening, "refusal": null })));
    for piece in text_pieces(reply.text.as_deref().unwrap_or_default()) {
        frames.push_content(delta(json!({ "content": piece })));
    }
    for (index, call) in reply.calls.iter().enumerate() {
        frames.push(delta(json!({ "tool_calls": [{
            "index": index,
            "id": call_id(&call.id),
            "type": "function",
            "function": { "name": call.tool, "arguments": "" },
        }] })));
        for piece in args_pieces(&call.args) {
            let function = json!({ "arguments": piece });
            frames.push_content(delta(json!({ "tool_calls": [{ "index": index, "function": function }] })));
        }
    }
    let last = json!([{
        "index": 0, "delta": {}, "logprobs": null, "finish_reason": finish_reason(reply.finish),
    }]);
    frames.push(chunk(last, None));
    if with_usage {
        frames.push(chunk(json!([]), Some(usage(reply.usage))));
    }
    frames.push("data: [DONE]\n\n".to_owned());
    frames
}

pub(super) fn error(status: u16, message: &str) -> Value {
    let (kind, code) = match status {
        401 => ("invalid_request_error", Some("invalid_api_key")),
        404 => ("invalid_request_error", Some("model_not_found")),
        429 => ("requests", Some("rate_limit_exceeded")),
        400..=499 => ("invalid_request_error", None),
        _ => ("server_error", None),
    };
    json!({ "error": { "message": message, "type": kind, "param": null, "code": code } })
}

pub(super) fn models(ids: &[&str]) -> Value {
    let data: Vec<Value> = ids
        .iter()
        .map(|id| json!({ "id": id, "object": "model", "created": CREATED, "owned_by": "scripted" }))
        .collect();
    json!({ "object": "list", "data": data })
}

fn completion_id(reply: &Reply) -> String {
    format!("chatcmpl-{}", reply.id)
}

fn call_id(id: &str) -> String {
    format!("call_{id}")
}

fn finish_reason(finish: Finish) -> &'static str {
    match finish {
        Finish::Stop => "stop",
        Finish::ToolCalls => "tool_calls",
        Finish::Length => "length",
        Finish::ContentFilter => "content_filter",
    }
}

fn usage(usage: Usage) -> Value {
    json!({
        "prompt_tokens": usage.input,
        "completion_tokens": usage.output,
        "total_tokens": usage.input + usage.output,
        "prompt_tokens_details": { "cached_tokens": usage.cached, "audio_tokens": 0 },
        "completion_tokens_details": { "reasoning_tokens": 0, "audio_tokens": 0 },
    })
}
