//! Answers in Anthropic's format.

use crate::support::{Answer, KEY, Server, anthropic_stream, call, recorder, said};
use serde_json::{Value, json};
use squad_domain::model::Usage;
use squad_llm::{FinishReason, ModelProvider};

fn call_events(index: u64, id: &str, pieces: &[&str]) -> Vec<Value> {
    let mut events = vec![json!({"type": "content_block_start", "index": index,
        "content_block": {"type": "tool_use", "id": id, "name": "read_file", "input": {}}})];
    events.extend(pieces.iter().map(|piece| {
        json!({"type": "content_block_delta", "index": index,
        "delta": {"type": "input_json_delta", "partial_json": piece}})
    }));
    events.push(json!({"type": "content_block_stop", "index": index}));
    events
}

#[tokio::test]
async fn text_parallel_calls_and_cache_usage_are_read_from_a_stream() {
    let mut content = vec![
        json!({"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""}}),
        json!({"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": "Let me "}}),
        json!({"type": "ping"}),
        json!({"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": "look."}}),
        json!({"type": "content_block_stop", "index": 0}),
    ];
    content.extend(call_events(1, "toolu_1", &["{\"path\":", "\"a\"}"]));
    content.extend(call_events(2, "toolu_2", &[]));
    let server = Server::start(vec![Answer::Events(anthropic_stream(&content, "tool_use"))]).await;
    let (sink, heard) = recorder();
    let answer = server.provider("anthropic").complete("claude-test", &said("hi"), &sink).await.unwrap();
    assert_eq!(answer.reply.text, "Let me look.");
    let expected =
        [call("toolu_1", "read_file", json!({"path": "a"})), call("toolu_2", "read_file", json!({}))];
    assert_eq!(answer.reply.calls, expected);
    assert_eq!(answer.finish, FinishReason::ToolCalls);
    let usage = Usage { input: 1000, cached_input: 900, cache_write: 80, output: 33, reasoning: 0 };
    assert_eq!(answer.usage, usage, "its input_tokens leave the cached ones out, ours include them");
    assert_eq!(*heard.lock().unwrap(), "Let me look.");
    assert_eq!(server.asked()[0].headers["x-api-key"], KEY);
}

#[tokio::test]
async fn a_plain_body_is_read_when_the_server_does_not_stream() {
    let whole = json!({"content": [{"type": "text", "text": "Hello."},
        {"type": "tool_use", "id": "t", "name": "read_file", "input": {"path": "a"}}], "stop_reason": "tool_use",
        "usage": {"input_tokens": 5, "output_tokens": 7}});
    let server = Server::start(vec![Answer::json(200, &whole), Answer::json(200, &whole)]).await;
    let answer = server.ask("anthropic", &said("hi")).await.unwrap();
    assert_eq!(answer.reply.calls, [call("t", "read_file", json!({"path": "a"}))]);
    assert_eq!((answer.usage.input, answer.usage.output), (5, 7));
}

#[tokio::test]
async fn a_refusal_is_told_as_withheld() {
    let content =
        [json!({"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": "I"}})];
    let server = Server::start(vec![Answer::Events(anthropic_stream(&content, "refusal"))]).await;
    assert_eq!(server.ask("anthropic", &said("hi")).await.unwrap().finish, FinishReason::ContentFilter);
}
