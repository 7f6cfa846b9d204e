use reqwest::Client;
use serde_json::{Value, json};

use crate::{play, post};

const TWO_CALLS: &str = r#"
[[scene]]
[[scene.turn]]
say = "I look at the totals and at the discounts first."
[[scene.turn.calls]]
tool = "read_file"
args.path = "src/totals.js"
[[scene.turn.calls]]
tool = "search_code"
args = { pattern = "discount", max_results = 20 }

[[scene.turn]]
say = "Done."
"#;

fn first_turn() -> Value {
    json!({ "model": "scripted/demo", "messages": [
        { "role": "system", "content": "You are Bea." },
        { "role": "user", "content": [{ "type": "text", "text": "Fix the total." }] },
    ] })
}

#[tokio::test]
async fn a_completion_with_tool_calls() {
    let model = play(TWO_CALLS).await;
    let answer = post(&model, "/chat/completions", &first_turn()).await;
    assert_eq!(answer.status(), 200);
    insta::assert_json_snapshot!(answer.json::<Value>().await.unwrap());
}

#[tokio::test]
async fn a_stream_with_tool_calls_and_usage() {
    let model = play(TWO_CALLS).await;
    let mut request = first_turn();
    request["stream"] = true.into();
    request["stream_options"] = json!({ "include_usage": true });
    let answer = post(&model, "/chat/completions", &request).await;
    assert_eq!(answer.headers()["content-type"], "text/event-stream; charset=utf-8");
    insta::assert_snapshot!(answer.text().await.unwrap());
}

#[tokio::test]
async fn a_stream_tells_its_usage_only_when_asked() {
    let model = play(TWO_CALLS).await;
    let mut request = first_turn();
    request["stream"] = true.into();
    let text = post(&model, "/chat/completions", &request).await.text().await.unwrap();
    assert!(!text.contains("usage"));
    assert!(text.ends_with("data: [DONE]\n\n"));
}

#[tokio::test]
async fn what_was_sent_before_is_reported_as_cached() {
    let model = play(TWO_CALLS).await;
    let first: Value = post(&model, "/chat/completions", &first_turn()).await.json().await.unwrap();
    let mut second_turn = first_turn();
    let messages = second_turn["messages"].as_array_mut().unwrap();
    messages.push(first["choices"][0]["message"].clone());
    for call in first["choices"][0]["message"]["tool_calls"].as_array().unwrap() {
        messages.push(json!({ "role": "tool", "tool_call_id": call["id"], "content": "export function" }));
    }
    let second: Value = post(&model, "/chat/completions", &second_turn).await.json().await.unwrap();
    assert_eq!(second["choices"][0]["message"]["content"], "Done.");
    assert_eq!(second["choices"][0]["finish_reason"], "stop");
    assert_eq!(first["usage"]["prompt_tokens_details"]["cached_tokens"], 0);
    assert_eq!(second["usage"]["prompt_tokens_details"]["cached_tokens"], first["usage"]["prompt_tokens"]);
}

#[tokio::test]
async fn the_list_of_models() {
    let model = play(TWO_CALLS).await;
    let list = Client::new().get(format!("{}/models", model.base_url)).send().await.unwrap();
    insta::assert_json_snapshot!(list.json::<Value>().await.unwrap());
}

#[tokio::test]
async fn a_request_without_messages_is_refused_in_the_providers_shape() {
    let model = play(TWO_CALLS).await;
    let answer = post(&model, "/chat/completions", &json!({ "model": "m" })).await;
    assert_eq!(answer.status(), 400);
    insta::assert_json_snapshot!(answer.json::<Value>().await.unwrap());
}
