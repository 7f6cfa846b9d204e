//! Every way an answer fails, on both wires.

use crate::support::{Answer, IMPATIENT, KEY, Server, anthropic_stream, data, event, openai_stream, said};
use serde_json::{Value, json};
use squad_llm::{DeltaSink, Endpoint, GenaiProvider, ModelProvider, ProviderError, Timeouts};
use std::sync::{Arc, Mutex};
use std::time::Duration;

const WIRES: [&str; 2] = ["openai-compatible", "anthropic"];

/// The beginning of an answer that is in the middle of a tool call.
fn mid_call(wire: &str) -> Vec<String> {
    if wire == "anthropic" {
        vec![
            event(
                &json!({"type": "message_start", "message": {"usage": {"input_tokens": 20, "output_tokens": 1}}}),
            ),
            event(&json!({"type": "content_block_start", "index": 0,
                "content_block": {"type": "tool_use", "id": "t", "name": "edit_file", "input": {}}})),
            event(&json!({"type": "content_block_delta", "index": 0,
                "delta": {"type": "input_json_delta", "partial_json": "{\"path\":"}})),
        ]
    } else {
        let delta = json!({"tool_calls": [{"index": 0, "id": "t", "function": {"name": "edit_file", "arguments": "{\"path\":"}}]});
        vec![data(&json!({"choices": [{"delta": delta}]}))]
    }
}

async fn failure(wire: &str, answer: Answer) -> ProviderError {
    Server::start(vec![answer]).await.ask(wire, &said("hi")).await.expect_err("the answer is not whole")
}

#[tokio::test]
async fn an_answer_that_breaks_off_in_the_middle_of_a_call_is_no_answer() {
    for wire in WIRES {
        let reset = failure(wire, Answer::EventsThenReset(mid_call(wire))).await;
        assert!(matches!(reset, ProviderError::Truncated { .. }), "{wire}: {reset:?}");
        let ended = failure(wire, Answer::Events(mid_call(wire))).await;
        assert!(matches!(ended, ProviderError::Truncated { received_bytes: 1.., .. }), "{wire}: {ended:?}");
        let empty = failure(wire, Answer::Events(Vec::new())).await;
        assert!(matches!(empty, ProviderError::Truncated { received_bytes: 0, .. }), "{wire}: {empty:?}");
    }
}

#[tokio::test]
async fn a_rate_limit_carries_the_wait_in_both_its_forms() {
    let body = json!({"error": {"message": "slow down"}});
    for wire in WIRES {
        let seconds = failure(wire, Answer::json_with(429, &body, &[("retry-after", "7")])).await;
        let expected = ProviderError::RateLimited {
            message: "slow down (429)".into(),
            retry_after: Some(Duration::from_secs(7)),
        };
        assert_eq!(seconds, expected, "{wire}");
        let headers =
            [("date", "Sat, 21 Nov 2026 07:00:00 GMT"), ("retry-after", "Sat, 21 Nov 2026 07:00:09 GMT")];
        let date = failure(wire, Answer::json_with(429, &body, &headers)).await;
        assert_eq!(date.retry_after(), Some(Duration::from_secs(9)), "{wire}");
    }
}

#[tokio::test]
async fn statuses_are_told_in_the_providers_own_words() {
    let body = |words: &str| json!({"error": {"type": "x", "message": words}});
    for wire in WIRES {
        let broken = failure(wire, Answer::json(500, &body("boom"))).await;
        assert_eq!(
            broken,
            ProviderError::Unavailable { message: "boom (500)".into(), retry_after: None },
            "{wire}"
        );
        let refused = failure(wire, Answer::json(401, &body(&format!("invalid key {KEY}")))).await;
        assert_eq!(
            refused,
            ProviderError::Refused { message: "invalid key [redacted] (401)".into() },
            "{wire}"
        );
        let unknown = failure(wire, Answer::json(404, &body("no such model"))).await;
        assert_eq!(unknown, ProviderError::BadRequest { message: "no such model (404)".into() }, "{wire}");
        let long = failure(wire, Answer::json(400, &body("prompt is too long: 300000 tokens"))).await;
        assert!(matches!(long, ProviderError::ContextTooLong { .. }), "{wire}: {long:?}");
    }
}

#[tokio::test]
async fn an_error_inside_a_stream_is_an_error() {
    let mut events = mid_call("anthropic");
    events.truncate(1);
    events.push(event(
        &json!({"type": "error", "error": {"type": "overloaded_error", "message": "Overloaded"}}),
    ));
    let anthropic = failure("anthropic", Answer::Events(events)).await;
    assert_eq!(anthropic, ProviderError::Unavailable { message: "Overloaded".into(), retry_after: None });
    let openai = failure(
        "openai-compatible",
        Answer::Events(vec![data(
            &json!({"error": {"message": "context window exceeded", "type": "invalid_request_error"}}),
        )]),
    )
    .await;
    assert!(matches!(openai, ProviderError::ContextTooLong { .. }), "{openai:?}");
}

#[tokio::test]
async fn silence_is_a_timeout_before_the_answer_and_breaks_it_off_after() {
    for wire in WIRES {
        let server = Server::start(vec![Answer::Silence]).await;
        let provider = server.provider_with(wire, IMPATIENT);
        let silent = provider.complete("m", &said("hi"), &DeltaSink::none()).await.unwrap_err();
        assert!(matches!(silent, ProviderError::Timeout { .. }), "{wire}: {silent:?}");
        let server = Server::start(vec![Answer::EventsThenSilence(mid_call(wire))]).await;
        let provider = server.provider_with(wire, IMPATIENT);
        let stuck = provider.complete("m", &said("hi"), &DeltaSink::none()).await.unwrap_err();
        assert!(matches!(stuck, ProviderError::Truncated { received_bytes: 1.., .. }), "{wire}: {stuck:?}");
    }
}

#[tokio::test]
async fn a_total_limit_ends_an_answer_that_never_ends() {
    let timeouts =
        Timeouts { first_byte: Duration::from_secs(60), total: Duration::from_millis(50), ..IMPATIENT };
    let server = Server::start(vec![Answer::Silence]).await;
    let provider = server.provider_with("openai-compatible", timeouts);
    let error = provider.complete("m", &said("hi"), &DeltaSink::none()).await.unwrap_err();
    assert!(matches!(error, ProviderError::Timeout { .. }), "{error:?}");
}

#[tokio::test]
async fn a_server_that_is_not_there_is_unreachable() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    drop(listener);
    for wire in ["openai-compatible", "anthropic", "ollama"] {
        let settings =
            squad_domain::model::ProviderEndpoint { base_url: Some(url.clone()), api_key_env: None };
        let endpoint = Endpoint::resolve(wire, Some(&settings), &|_: &str| None).unwrap();
        let provider = GenaiProvider::new(endpoint, None).unwrap();
        let error = provider.complete("m", &said("hi"), &DeltaSink::none()).await.unwrap_err();
        assert!(
            matches!(&error, ProviderError::Unreachable { message } if message.contains(&url)),
            "{wire}: {error:?}"
        );
    }
}

#[tokio::test]
async fn a_web_page_instead_of_an_api_points_at_the_address() {
    let page = || Answer::Plain {
        status: 200,
        headers: Vec::new(),
        content_type: "text/html",
        body: "<html>Welcome</html>".to_owned(),
    };
    let server = Server::start(vec![page(), page()]).await;
    let error = server.ask("openai-compatible", &said("hi")).await.unwrap_err();
    assert!(
        matches!(&error, ProviderError::BadRequest { message } if message.contains("check the address")),
        "{error:?}"
    );
}

#[tokio::test]
async fn a_redirect_is_not_followed_with_the_key() {
    let elsewhere = Server::start(Vec::new()).await;
    let location = format!("{}/v1/messages", elsewhere.url);
    let redirect = Answer::json_with(307, &Value::Null, &[("location", &location)]);
    let error = failure("anthropic", redirect).await;
    assert!(matches!(error, ProviderError::BadRequest { .. }), "{error:?}");
    assert!(elsewhere.asked().is_empty());
}

/// Everything that is logged, at every level.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl std::io::Write for Log {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

#[tokio::test]
async fn keys_show_nowhere() {
    let log = Log::default();
    let writer = log.clone();
    let subscriber = tracing_subscriber::fmt()
        .with_max_level(tracing::Level::TRACE)
        .with_writer(move || writer.clone())
        .finish();
    let _guard = tracing::subscriber::set_default(subscriber);
    tracing::info!("the log is written");
    let body = json!({"message": format!("bad header: Bearer {KEY}")});
    for wire in ["openai-compatible", "anthropic", "gemini", "ollama"] {
        let server = Server::start(vec![Answer::json(400, &body)]).await;
        let provider = server.provider(wire);
        assert!(!format!("{provider:?}").contains(KEY), "{provider:?}");
        let error = provider.complete("m", &said("hi"), &DeltaSink::none()).await.unwrap_err();
        assert!(!format!("{error:?} {error}").contains(KEY), "{error:?}");
    }
    let logged = String::from_utf8(log.0.lock().unwrap().clone()).unwrap();
    assert!(logged.contains("the log is written"));
    assert!(!logged.contains(KEY), "{logged}");
}

#[tokio::test]
async fn whole_answers_are_not_taken_for_broken_ones() {
    let hello =
        json!({"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": "Hello."}});
    let whole = [
        ("anthropic", anthropic_stream(&[hello], "end_turn")),
        ("openai-compatible", openai_stream(&[json!({"content": "Hello."})], "stop")),
    ];
    for (wire, events) in whole {
        let server = Server::start(vec![Answer::Events(events)]).await;
        assert_eq!(server.ask(wire, &said("hi")).await.unwrap().reply.text, "Hello.", "{wire}");
    }
}
