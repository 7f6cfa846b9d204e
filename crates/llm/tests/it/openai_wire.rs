//! Answers in OpenAI's format, from servers that keep to it and from others.

use crate::support::{Answer, Server, anthropic_stream, call, data, openai_stream, recorder, said};
use serde_json::json;
use squad_domain::model::Usage;
use squad_llm::{DeltaSink, FinishReason, ModelProvider, ProviderError};

fn two_calls() -> Vec<serde_json::Value> {
    vec![
        json!({"role": "assistant", "content": "Let me "}),
        json!({"content": "look."}),
        json!({"tool_calls": [{"index": 0, "id": "c1", "type": "function", "function": {"name": "read_file", "arguments": ""}}]}),
        json!({"tool_calls": [{"index": 0, "function": {"arguments": "{\"path\":"}}]}),
        json!({"tool_calls": [{"index": 0, "function": {"arguments": "\"a\"}"}}, {"index": 1, "id": "c2", "type": "function",
            "function": {"name": "read_file", "arguments": "{\"path\":\"b\"}"}}]}),
    ]
}

#[tokio::test]
async fn text_parallel_calls_and_usage_are_read_from_a_stream() {
    let server = Server::start(vec![Answer::Events(openai_stream(&two_calls(), "tool_calls"))]).await;
    let (sink, heard) = recorder();
    let answer = server.provider("openai-compatible").complete("m", &said("hi"), &sink).await.unwrap();
    assert_eq!(answer.reply.text, "Let me look.");
    let expected =
        [call("c1", "read_file", json!({"path": "a"})), call("c2", "read_file", json!({"path": "b"}))];
    assert_eq!(answer.reply.calls, expected);
    assert_eq!(answer.finish, FinishReason::ToolCalls);
    assert_eq!(answer.usage, Usage { input: 120, cached_input: 100, output: 30, ..Usage::default() });
    assert!(!answer.usage_estimated && answer.first_token_ms.is_some());
    assert_eq!(*heard.lock().unwrap(), "Let me look.");
    let asked = server.asked();
    assert_eq!(asked[0].path, "/v1/chat/completions");
    assert_eq!(asked[0].headers["authorization"], format!("Bearer {}", crate::support::KEY));
}

#[tokio::test]
async fn a_finish_reason_without_the_sentinel_is_enough() {
    let mut events = openai_stream(&two_calls(), "tool_calls");
    events.pop();
    let server = Server::start(vec![Answer::Events(events)]).await;
    let answer = server.ask("openai-compatible", &said("hi")).await.unwrap();
    assert_eq!(answer.reply.calls.len(), 2);
    assert_eq!(answer.usage.output, 30);
}

#[tokio::test]
async fn a_server_without_streaming_is_asked_again_in_one_piece_and_then_always() {
    let whole = json!({"choices": [{"finish_reason": "stop", "message": {"role": "assistant", "content": "Hello."}}],
        "usage": {"prompt_tokens": 9, "completion_tokens": 2}});
    let answers = vec![Answer::json(200, &whole), Answer::json(200, &whole), Answer::json(200, &whole)];
    let server = Server::start(answers).await;
    let provider = server.provider("openai-compatible");
    let (sink, heard) = recorder();
    for _ in 0..2 {
        let answer = provider.complete("m", &said("hi"), &sink).await.unwrap();
        assert_eq!((answer.reply.text.as_str(), answer.usage.input), ("Hello.", 9));
    }
    let streamed: Vec<bool> =
        server.asked().iter().map(|asked| asked.body["stream"] == json!(true)).collect();
    assert_eq!(streamed, [true, false, false]);
    assert_eq!(*heard.lock().unwrap(), "Hello.Hello.");
}

#[tokio::test]
async fn a_server_that_refuses_stream_options_still_streams() {
    let refusal = json!({"error": {"message": "Unrecognized request argument supplied: stream_options"}});
    let plain = vec![json!({"content": "ok"})];
    let answers = vec![
        Answer::json(400, &refusal),
        Answer::Events(openai_stream(&plain, "stop")),
        Answer::Events(openai_stream(&plain, "stop")),
    ];
    let server = Server::start(answers).await;
    let provider = server.provider("openai-compatible");
    for _ in 0..2 {
        assert_eq!(provider.complete("m", &said("hi"), &DeltaSink::none()).await.unwrap().reply.text, "ok");
    }
    let asked = server.asked();
    let options: Vec<bool> = asked.iter().map(|asked| asked.body.get("stream_options").is_some()).collect();
    assert_eq!(options, [true, false, false]);
    assert!(asked.iter().all(|asked| asked.body["stream"] == json!(true)));
}

#[tokio::test]
async fn a_server_that_refuses_to_stream_is_asked_in_one_piece() {
    let refusal = json!({"detail": "streaming with tools is not supported"});
    let whole = json!({"choices": [{"message": {"content": null, "tool_calls": [
        {"id": "x", "type": "function", "function": {"name": "edit_file", "arguments": "{\"path\": "}}]}}]});
    let empty = json!({"choices": []});
    let answers = [
        Answer::json(422, &refusal),
        Answer::json(200, &whole),
        Answer::json(422, &refusal),
        Answer::json(200, &empty),
    ];
    let server = Server::start(answers.into()).await;
    let answer = server.ask("openai-compatible", &said("hi")).await.unwrap();
    assert_eq!(answer.reply.calls, [call("x", "edit_file", json!("{\"path\": "))], "kept for repair");
    assert!(answer.usage_estimated && answer.usage.input > 0 && answer.usage.output > 0);
    let empty = server.ask("openai-compatible", &said("hi")).await.unwrap_err();
    assert!(matches!(empty, ProviderError::Truncated { .. }), "{empty:?}");
}

#[tokio::test]
async fn reasoning_stays_out_of_the_text() {
    let tagged = [json!({"content": "<think>hm"}), json!({"content": "</think>\n\nYes."})];
    let apart = [json!({"reasoning_content": "hm"}), json!({"content": "Yes."})];
    for deltas in [&tagged, &apart] {
        let server = Server::start(vec![Answer::Events(openai_stream(deltas, "stop"))]).await;
        let (sink, heard) = recorder();
        let answer = server.provider("scripted").complete("m", &said("hi"), &sink).await.unwrap();
        assert_eq!(answer.reply.text, "Yes.");
        assert_eq!(*heard.lock().unwrap(), "Yes.");
    }
}

#[tokio::test]
async fn an_answer_cut_at_the_token_limit_says_so_and_keeps_its_broken_call() {
    let deltas = [
        json!({"tool_calls": [{"index": 0, "id": "c", "function": {"name": "write_file", "arguments": "{\"content\": \"fn ma"}}]}),
    ];
    let server = Server::start(vec![Answer::Events(openai_stream(&deltas, "length"))]).await;
    let answer = server.ask("openai-compatible", &said("hi")).await.unwrap();
    assert_eq!(answer.finish, FinishReason::Length);
    assert_eq!(answer.reply.calls[0].arguments, json!("{\"content\": \"fn ma"));
}

#[tokio::test]
async fn a_model_whose_name_ends_like_an_effort_keeps_its_name() {
    let server = Server::start(vec![Answer::Events(openai_stream(&[json!({"content": "x"})], "stop"))]).await;
    server
        .provider("openai-compatible")
        .complete("qwen3-max", &said("hi"), &DeltaSink::none())
        .await
        .unwrap();
    let body = &server.asked()[0].body;
    assert_eq!(body["model"], "qwen3-max");
    assert!(body.get("reasoning_effort").is_none());
}

#[tokio::test]
async fn both_wires_answer_at_an_address_of_ones_own() {
    let hello =
        json!({"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": "Hello."}});
    let answers = vec![
        Answer::Events(anthropic_stream(&[hello], "end_turn")),
        Answer::Events(vec![data(
            &json!({"choices": [{"delta": {"content": "Hello."}, "finish_reason": "stop"}]}),
        )]),
    ];
    let server = Server::start(answers).await;
    assert_eq!(server.ask("anthropic", &said("hi")).await.unwrap().reply.text, "Hello.");
    assert_eq!(server.ask("openai", &said("hi")).await.unwrap().reply.text, "Hello.");
    let paths: Vec<String> = server.asked().into_iter().map(|asked| asked.path).collect();
    assert_eq!(paths, ["/v1/messages", "/v1/chat/completions"]);
}
