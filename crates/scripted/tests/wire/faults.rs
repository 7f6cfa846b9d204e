use reqwest::Response;
use serde_json::{Value, json};
use squad_scripted::{Handle, Outcome};

use crate::{play, post};

const PATHS: [&str; 2] = ["/chat/completions", "/messages"];

/// A server whose only turn has this fault.
async fn faulty(fault: &str) -> Handle {
    play(&format!(
        "[[scene]]\n[[scene.turn]]\nsay = 'Reading.'\n{fault}\n\
         calls = [{{ tool = 'read_file', args = {{ path = 'src/totals.js' }} }}]"
    ))
    .await
}

async fn ask(model: &Handle, path: &str, streaming: bool) -> Response {
    let messages = json!([{ "role": "user", "content": "Go." }]);
    let body = json!({ "model": "m", "max_tokens": 9, "stream": streaming, "messages": messages });
    post(model, path, &body).await
}

#[tokio::test]
async fn a_rate_limit_says_how_long_to_wait_in_the_openai_shape() {
    let model = faulty("status = 429\nretry_after = 2").await;
    let refused = ask(&model, "/chat/completions", true).await;
    assert_eq!((refused.status().as_u16(), refused.headers()["retry-after"].to_str().unwrap()), (429, "2"));
    insta::assert_json_snapshot!(refused.json::<Value>().await.unwrap());
}

#[tokio::test]
async fn an_overload_is_told_in_the_anthropic_shape() {
    let model = faulty("status = 529").await;
    let refused = ask(&model, "/messages", true).await;
    assert_eq!(refused.status().as_u16(), 529);
    insta::assert_json_snapshot!(refused.json::<Value>().await.unwrap());
}

#[tokio::test]
async fn a_fault_with_times_passes() {
    for path in PATHS {
        let model = faulty("status = 500\ntimes = 2").await;
        let mut statuses = Vec::new();
        for _ in 0..4 {
            statuses.push(ask(&model, path, true).await.status().as_u16());
        }
        assert_eq!(statuses, [500, 500, 200, 200], "{path}");
        let outcomes: Vec<Outcome> = model.requests().into_iter().map(|request| request.outcome).collect();
        assert_eq!(outcomes, [Outcome::Fault, Outcome::Fault, Outcome::Answered, Outcome::Answered]);
        assert!(model.complaints().is_empty(), "a fault on purpose is no complaint");
    }
}

#[tokio::test]
async fn a_truncated_stream_ends_cleanly_in_the_middle_of_the_call() {
    let model = faulty("truncate = true").await;
    let text = ask(&model, "/chat/completions", true).await.text().await.unwrap();
    assert!(text.contains("read_file") && !text.contains("totals.js") && !text.contains("[DONE]"), "{text}");
    assert!(!text.contains(r#""finish_reason":"tool_calls""#), "{text}");
    let text = ask(&model, "/messages", true).await.text().await.unwrap();
    assert!(text.contains("read_file") && !text.contains("message_delta"), "{text}");
    for path in PATHS {
        let whole = ask(&model, path, false).await.text().await.unwrap();
        assert!(serde_json::from_str::<Value>(&whole).is_err(), "half of a body: {whole}");
    }
}

#[tokio::test]
async fn a_reset_stream_breaks_in_the_middle_of_the_call() {
    for path in PATHS {
        let model = faulty("reset = true").await;
        let mut answer = ask(&model, path, true).await;
        let mut seen = String::new();
        let error = loop {
            match answer.chunk().await {
                Ok(Some(piece)) => seen.push_str(std::str::from_utf8(&piece).unwrap()),
                Ok(None) => panic!("the stream of {path} ended cleanly: {seen}"),
                Err(error) => break error,
            }
        };
        assert!(seen.contains("read_file") && !seen.contains("totals.js"), "{path}: {error}: {seen}");
        assert!(ask(&model, path, false).await.text().await.is_err(), "{path}");
    }
}

#[tokio::test]
async fn malformed_arguments_are_sent_as_they_are() {
    let model = faulty(r#"malformed_args = '{"path": src}'"#).await;
    let answer: Value = ask(&model, "/chat/completions", false).await.json().await.unwrap();
    let call = &answer["choices"][0]["message"]["tool_calls"][0]["function"];
    assert_eq!(call["arguments"], r#"{"path": src}"#);

    let events = ask(&model, "/messages", true).await.text().await.unwrap();
    let sent: String = events
        .lines()
        .filter_map(|line| serde_json::from_str::<Value>(line.strip_prefix("data: ")?).ok())
        .filter_map(|event| event["delta"]["partial_json"].as_str().map(ToOwned::to_owned))
        .collect();
    assert_eq!(sent, r#"{"path": src}"#);
}

#[tokio::test]
async fn an_answer_may_be_cut_at_the_output_limit_and_its_usage_set() {
    let model = faulty("finish = 'length'\nusage = { input = 1000, cached = 400, output = 7 }").await;
    let answer: Value = ask(&model, "/chat/completions", false).await.json().await.unwrap();
    assert_eq!(answer["choices"][0]["finish_reason"], "length");
    insta::assert_json_snapshot!(answer["usage"]);
    let answer: Value = ask(&model, "/messages", false).await.json().await.unwrap();
    assert_eq!(answer["stop_reason"], "max_tokens");
    insta::assert_json_snapshot!(answer["usage"]);
}

/// A stalled stream would last a minute; stopping the server breaks it off.
#[tokio::test]
async fn a_stalled_stream_sends_its_start_and_breaks_off_when_the_server_stops() {
    let model = faulty("stall_ms = 60_000").await;
    let mut answer = ask(&model, "/chat/completions", true).await;
    let first = answer.chunk().await.unwrap().expect("the stream starts before it stalls");
    assert!(first.starts_with(b"data: "));
    model.stop().await;
    while let Ok(piece) = answer.chunk().await {
        assert!(piece.is_some(), "the stream must not end cleanly");
    }
}
