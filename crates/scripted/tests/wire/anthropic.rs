use reqwest::Client;
use serde_json::{Value, json};

use crate::{play, post};

const TWO_TURNS: &str = r#"
[[scene]]
[[scene.turn]]
say = "I look at the totals first."
[[scene.turn.calls]]
tool = "read_file"
args = { path = "src/totals.js", start_line = 1 }

[[scene.turn]]
expect = "export function"
say = "Done."
"#;

fn first_turn() -> Value {
    json!({
        "model": "scripted/demo",
        "max_tokens": 1024,
        "system": [{ "type": "text", "text": "You are Bea.", "cache_control": { "type": "ephemeral" } }],
        "messages": [{ "role": "user", "content": "Fix the total." }],
    })
}

#[tokio::test]
async fn a_message_with_a_tool_call() {
    let model = play(TWO_TURNS).await;
    let answer = post(&model, "/messages", &first_turn()).await;
    assert_eq!(answer.status(), 200);
    insta::assert_json_snapshot!(answer.json::<Value>().await.unwrap());
}

#[tokio::test]
async fn a_stream_with_a_tool_call() {
    let model = play(TWO_TURNS).await;
    let mut request = first_turn();
    request["stream"] = true.into();
    let answer = post(&model, "/messages", &request).await;
    assert_eq!(answer.headers()["content-type"], "text/event-stream; charset=utf-8");
    insta::assert_snapshot!(answer.text().await.unwrap());
}

/// The second turn's prefix was sent with the first, so it is read from the cache as far as the marks reach.
#[tokio::test]
async fn a_tool_result_in_a_users_message_leads_to_the_next_turn() {
    let model = play(TWO_TURNS).await;
    let first: Value = post(&model, "/messages", &first_turn()).await.json().await.unwrap();
    let mut second_turn = first_turn();
    let result = json!({
        "type": "tool_result",
        "tool_use_id": first["content"][1]["id"],
        "content": [{ "type": "text", "text": "export function cartTotals" }],
        "cache_control": { "type": "ephemeral" },
    });
    let messages = second_turn["messages"].as_array_mut().unwrap();
    messages.push(json!({ "role": "assistant", "content": first["content"] }));
    messages.push(json!({ "role": "user", "content": [result] }));
    let second: Value = post(&model, "/messages", &second_turn).await.json().await.unwrap();
    insta::assert_json_snapshot!(second);
}

#[tokio::test]
async fn the_list_of_models() {
    let model = play(TWO_TURNS).await;
    let request = Client::new().get(format!("{}/models", model.base_url));
    let list = request.header("anthropic-version", "2023-06-01").send().await.unwrap();
    insta::assert_json_snapshot!(list.json::<Value>().await.unwrap());
}

#[tokio::test]
async fn a_request_without_a_token_limit_is_refused_in_the_providers_shape() {
    let model = play(TWO_TURNS).await;
    let mut request = first_turn();
    request.as_object_mut().unwrap().remove("max_tokens");
    let answer = post(&model, "/messages", &request).await;
    assert_eq!(answer.status(), 400);
    insta::assert_json_snapshot!(answer.json::<Value>().await.unwrap());
}
