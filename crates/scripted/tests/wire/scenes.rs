use serde_json::{Value, json};
use squad_scripted::{Handle, Outcome};

use crate::{play, post};

const TEAM: &str = r#"
[[scene]]
name = "second look"
duty = "review"
subtask = "s1"
round = 2
say = "approve"

[[scene]]
duty = "review"
subtask = ""
say = "whole"

[[scene]]
duty = "review"
when = "rounding"
say = "rounding"

[[scene]]
duty = "work"
member = "Bea"
role = "backend_developer"
[[scene.turn]]
calls = [{ tool = "run_command", args = { command = "node --test" } }]
[[scene.turn]]
expect = "fail 1"
say = "As I thought."

[[scene]]
model = "small"
duty = "work"
say = "small"

[[scene]]
duty = "analyze"
repeat = true
[[scene.turn]]
say = "ping"
[[scene.turn]]
say = "pong"
"#;

fn brief(assignment: &str, rest: &str) -> Value {
    let block = assignment.split(", ").collect::<Vec<_>>().join("\n");
    json!({ "role": "user", "content": format!("<assignment>\n{block}\n</assignment>\n\n{rest}") })
}

async fn ask(model: &Handle, name: &str, messages: &[Value]) -> (u16, String) {
    let answer = post(model, "/chat/completions", &json!({ "model": name, "messages": messages })).await;
    let status = answer.status().as_u16();
    let body: Value = answer.json().await.expect("an answer is JSON");
    let said = body["choices"][0]["message"]["content"].as_str().or(body["error"]["message"].as_str());
    (status, said.unwrap_or_default().to_owned())
}

#[tokio::test]
async fn the_assignment_chooses_the_scene() {
    let model = play(TEAM).await;
    for (assignment, rest, model_name, said) in [
        ("duty: review, subtask: s1, round: 2", "", "m", "approve"),
        ("duty: review, round: 2", "", "m", "whole"),
        ("duty: review, subtask: s1, round: 1", "mind the rounding", "m", "rounding"),
        ("duty: work, member: Fay", "", "small", "small"),
    ] {
        let answer = ask(&model, model_name, &[brief(assignment, rest)]).await;
        assert_eq!(answer, (200, said.to_owned()), "{assignment}");
    }
    let recorded = &model.requests()[0];
    assert_eq!((recorded.scene.as_deref(), recorded.turn), (Some("second look"), 1));
    assert_eq!(recorded.assignment.round, Some(2));
    assert_eq!(model.request_count(), 4);
}

#[tokio::test]
async fn a_request_that_no_scene_fits_is_told_what_it_was_for() {
    let model = play(TEAM).await;
    let (status, message) = ask(&model, "m", &[brief("member: Fay, duty: work, subtask: s2", "")]).await;
    assert_eq!(status, 400);
    insta::assert_snapshot!(message);
    assert_eq!(model.complaints(), [message]);
}

#[tokio::test]
async fn a_scene_ends_with_its_last_turn_unless_it_repeats() {
    let model = play(TEAM).await;
    let mut messages = vec![brief("duty: analyze", "")];
    let mut said = Vec::new();
    for _ in 0..3 {
        let (_, text) = ask(&model, "m", &messages).await;
        messages.push(json!({ "role": "assistant", "content": text }));
        said.push(text);
    }
    assert_eq!(said, ["ping", "pong", "ping"]);

    messages[0] = brief("duty: review, round: 1", "");
    let (status, message) = ask(&model, "m", &messages).await;
    assert_eq!(status, 400);
    insta::assert_snapshot!(message);
}

#[tokio::test]
async fn a_tool_result_other_than_expected_is_noticed() {
    let model = play(TEAM).await;
    let result = |content: &str| {
        let call = json!({ "id": "c", "type": "function", "function": { "name": "run_command", "arguments": "{}" } });
        vec![
            brief("member: Bea, role: backend_developer, duty: work", ""),
            json!({ "role": "assistant", "content": null, "tool_calls": [call] }),
            json!({ "role": "tool", "tool_call_id": "c", "content": content }),
        ]
    };
    assert_eq!(ask(&model, "m", &result("# fail 1")).await, (200, "As I thought.".to_owned()));
    let (status, message) = ask(&model, "m", &result("# fail 0")).await;
    assert_eq!(status, 500);
    insta::assert_snapshot!(message);
    assert_eq!(model.requests()[1].outcome, Outcome::Complaint(message));
}

/// What a resumed run relies on: no memory of earlier requests shapes an answer.
#[tokio::test]
async fn the_same_request_gets_the_same_answer_from_another_server() {
    let request = json!({ "model": "m", "stream": true, "stream_options": { "include_usage": true }, "messages": [
        brief("member: Bea, role: backend_developer, duty: work", "Fix it."),
    ] });
    let mut answers = Vec::new();
    for _ in 0..2 {
        let model = play(TEAM).await;
        for _ in 0..2 {
            answers.push(post(&model, "/chat/completions", &request).await.text().await.unwrap());
        }
    }
    assert!(answers.iter().all(|answer| *answer == answers[0]), "{answers:#?}");
}
