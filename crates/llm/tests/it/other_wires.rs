//! Wires that only some providers speak, and the probe.

use crate::support::{Answer, KEY, Server, call, said};
use serde_json::json;
use squad_domain::model::ProviderEndpoint;
use squad_llm::{FinishReason, Probe, ProbeOutcome, ProviderError, probe};
use std::time::Duration;

fn lines(values: &[serde_json::Value]) -> Answer {
    let body = values.iter().map(|value| format!("{value}\n")).collect();
    Answer::Plain { status: 200, headers: Vec::new(), content_type: "application/x-ndjson", body }
}

#[tokio::test]
async fn ollama_answers_and_breaks_off_in_its_own_format() {
    let whole = [
        json!({"message": {"role": "assistant", "content": "I look.", "tool_calls": [
            {"function": {"name": "read_file", "arguments": {"path": "a"}}}]}, "done": false}),
        json!({"message": {"content": ""}, "done": true, "done_reason": "stop", "prompt_eval_count": 11, "eval_count": 5}),
    ];
    let server = Server::start(vec![lines(&whole), lines(&whole[..1])]).await;
    let answer = server.ask("ollama", &said("hi")).await.unwrap();
    assert_eq!((answer.reply.text.as_str(), answer.finish), ("I look.", FinishReason::ToolCalls));
    assert_eq!(answer.reply.calls, [call(&answer.reply.calls[0].id, "read_file", json!({"path": "a"}))]);
    assert_eq!((answer.usage.input, answer.usage.output), (11, 5));
    let broken = server.ask("ollama", &said("hi")).await.unwrap_err();
    assert!(matches!(broken, ProviderError::Truncated { .. }), "{broken:?}");
    assert_eq!(server.asked()[0].path, "/api/chat");
    assert!(server.asked()[0].headers.contains_key("authorization"), "a key that was named is sent");
}

#[tokio::test]
async fn ollama_reads_the_whole_prompt() {
    let done = json!({"message": {"content": "ok"}, "done": true, "done_reason": "stop"});
    let server = Server::start(vec![lines(std::slice::from_ref(&done)), lines(&[done])]).await;
    let answer = server.ask("ollama", &said("hi")).await.unwrap();
    assert!(answer.usage_estimated && answer.usage.input > 0);
    server.ask("ollama", &said(&"word ".repeat(16_000))).await.unwrap();
    let contexts: Vec<u64> =
        server.asked().iter().map(|asked| asked.body["options"]["num_ctx"].as_u64().unwrap()).collect();
    assert_eq!(contexts, [8_192, 32_768], "about 20,000 tokens in, 1,000 out");
}

#[tokio::test]
async fn ollama_fails_in_its_own_words() {
    let server = Server::start(vec![
        Answer::json(404, &json!({"error": "model \"x\" not found, try pulling it first"})),
        lines(&[json!({"error": "the model runner has stopped"})]),
    ])
    .await;
    let unknown = server.ask("ollama", &said("hi")).await.unwrap_err();
    assert!(
        matches!(&unknown, ProviderError::BadRequest { message } if message.contains("try pulling")),
        "{unknown:?}"
    );
    let stopped = server.ask("ollama", &said("hi")).await.unwrap_err();
    assert!(
        matches!(&stopped, ProviderError::Unavailable { message, .. } if message.contains("runner")),
        "{stopped:?}"
    );
}

#[tokio::test]
async fn gemini_answers_and_breaks_off_in_its_own_format() {
    let chunk = |parts: serde_json::Value, finish: Option<&str>| {
        crate::support::data(
            &json!({"candidates": [{"content": {"role": "model", "parts": parts}, "finishReason": finish}],
            "usageMetadata": {"promptTokenCount": 11, "candidatesTokenCount": 5, "totalTokenCount": 16}}),
        )
    };
    let call_part = json!([{"functionCall": {"name": "read_file", "args": {"path": "a"}}}]);
    let whole = vec![chunk(json!([{"text": "I look."}]), None), chunk(call_part, Some("STOP"))];
    let server =
        Server::start(vec![Answer::Events(whole.clone()), Answer::Events(whole[..1].to_vec())]).await;
    let answer = server.ask("gemini", &said("hi")).await.unwrap();
    assert_eq!((answer.reply.text.as_str(), answer.finish), ("I look.", FinishReason::ToolCalls));
    assert_eq!(answer.reply.calls[0].arguments, json!({"path": "a"}));
    assert_eq!((answer.usage.input, answer.usage.output), (11, 5));
    let broken = server.ask("gemini", &said("hi")).await.unwrap_err();
    assert!(matches!(broken, ProviderError::Truncated { .. }), "{broken:?}");
}

async fn probed(server: &Server, provider: &str) -> Probe {
    let settings =
        ProviderEndpoint { base_url: Some(server.url.clone()), api_key_env: Some("TEST_KEY".to_owned()) };
    probe(provider, Some(&settings), &|_: &str| Some(KEY.to_owned()), Duration::from_secs(10)).await
}

#[tokio::test]
async fn the_probe_lists_models_and_asks_none() {
    let models = json!({"data": [{"id": "m1"}, {"id": "m2"}]});
    let server = Server::start(vec![
        Answer::json(200, &models),
        Answer::json(401, &json!({"error": {"message": format!("who is {KEY}?")}})),
        Answer::json(200, &json!({"models": [{"name": "qwen3:8b"}]})),
    ])
    .await;
    assert_eq!(
        probed(&server, "openai-compatible").await.outcome,
        ProbeOutcome::Ready(vec!["m1".into(), "m2".into()])
    );
    let refused = probed(&server, "anthropic").await.outcome;
    assert!(
        matches!(&refused, ProbeOutcome::Failed(words) if words.contains("who is [redacted]?")),
        "{refused:?}"
    );
    assert_eq!(probed(&server, "ollama").await.outcome, ProbeOutcome::Ready(vec!["qwen3:8b".into()]));
    let paths: Vec<String> = server.asked().into_iter().map(|asked| asked.path).collect();
    assert_eq!(paths, ["/v1/models", "/v1/models", "/api/tags"]);
}

#[tokio::test]
async fn the_probe_says_what_is_missing() {
    let probe = probe("openai", None, &|_: &str| None, Duration::from_secs(1)).await;
    assert!(
        matches!(&probe.outcome, ProbeOutcome::NotConfigured(why) if why.contains("`OPENAI_API_KEY`")),
        "{probe:?}"
    );
}
