//! What exactly is sent, on every wire.

use crate::support::{Answer, Server, call, reply, result, said, tool, user};
use serde_json::{Value, json};
use squad_llm::{DeltaSink, ModelProvider, ModelRequest};

/// A lane with parallel calls, a stray word between, a call without a result, a made-up tool and broken arguments.
fn long_lane() -> ModelRequest {
    ModelRequest {
        messages: vec![
            user("<assignment>\nmember: Bea\n</assignment>"),
            user("Fix the sum."),
            reply(
                "I look.",
                vec![
                    call("c1", "read_file", json!({"path": "a"})),
                    call("c2", "read_file", json!({"path": "b"})),
                ],
            ),
            result("c2", "content of b"),
            result("c1", "content of a"),
            user("Mind the tests."),
            reply(
                "",
                vec![call("c:3", "made up!", json!("{\"path\": ")), call("c4", "edit_file", Value::Null)],
            ),
            result("c:3", "arguments are not JSON"),
            reply("", vec![call("c1", "read_file", json!({"path": "c"}))]),
            result("c1", "content of c"),
            reply("Now I understand.", Vec::new()),
            user("Go on."),
        ],
        ..said("")
    }
}

async fn body(provider: &str, request: &ModelRequest) -> Value {
    let server = Server::start(vec![Answer::json(401, &json!({}))]).await;
    server.provider(provider).complete("test-model", request, &DeltaSink::none()).await.unwrap_err();
    server.asked().remove(0).body
}

#[tokio::test]
async fn the_openai_wire() {
    insta::assert_json_snapshot!(body("openai-compatible", &long_lane()).await);
}

#[tokio::test]
async fn the_anthropic_wire() {
    let body = body("anthropic", &long_lane()).await;
    let marks = body.to_string().matches("cache_control").count();
    assert_eq!(marks, 4, "as many as are allowed");
    insta::assert_json_snapshot!(body);
}

#[tokio::test]
async fn the_mistral_wire() {
    insta::assert_json_snapshot!(body("mistral", &long_lane()).await["messages"]);
}

#[tokio::test]
async fn the_gemini_wire() {
    insta::assert_json_snapshot!(body("gemini", &long_lane()).await);
}

#[tokio::test]
async fn the_ollama_wire() {
    insta::assert_json_snapshot!(body("ollama", &long_lane()).await);
}

#[tokio::test]
async fn without_tools_earlier_calls_are_told_as_words() {
    let request = ModelRequest { tools: Vec::new(), ..long_lane() };
    insta::assert_json_snapshot!(body("anthropic", &request).await["messages"]);
}

#[tokio::test]
async fn the_prefix_stays_the_same_as_a_lane_grows() {
    let mut lane = long_lane();
    let before = body("openai-compatible", &lane).await;
    lane.messages.push(reply("", vec![call("c9", "read_file", json!({"path": "z"}))]));
    lane.messages.push(result("c9", "content of z"));
    let after = body("openai-compatible", &lane).await;
    let (before, after) = (before["messages"].as_array().unwrap(), after["messages"].as_array().unwrap());
    assert_eq!(after[..before.len()], before[..]);
    assert_eq!(after.len(), before.len() + 2);
}

#[tokio::test]
async fn a_conversation_always_ends_with_something_to_answer() {
    let request = ModelRequest {
        messages: vec![user("hi"), reply("Done.", Vec::new())],
        tools: vec![tool("t")],
        ..said("")
    };
    for wire in ["openai-compatible", "anthropic"] {
        let body = body(wire, &request).await;
        assert_eq!(body["messages"].as_array().unwrap().last().unwrap()["role"], "user", "{wire}");
    }
}
