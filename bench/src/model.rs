//! A model that answers at once, in the OpenAI format, and notes when it was asked.
//!
//! It parses nothing of a request but what it looks for, so that its own cost does not grow with the conversation. The
//! name of the model tells the executions apart.

use axum::Router;
use axum::body::Bytes;
use axum::extract::{DefaultBodyLimit, State};
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

/// Most that a request may have, in bytes.
const BODY: usize = 256 << 20;

/// The running model.
pub struct Model {
    /// Where it listens, `/v1` included.
    pub base_url: String,
    shared: Arc<Shared>,
}

struct Shared {
    /// Turns of work after which a lane is handed over.
    turns: usize,
    /// Lines that each of them reads.
    lines: usize,
    asked: Mutex<BTreeMap<String, Vec<Instant>>>,
}

impl Model {
    /// Starts one that hands a lane over after that many turns, each of which reads two lines.
    ///
    /// # Errors
    /// Where no port can be listened on.
    pub async fn start(turns: usize) -> anyhow::Result<Self> {
        Self::reading(turns, 2).await
    }

    /// The same, reading that many lines in each turn.
    ///
    /// # Errors
    /// Where no port can be listened on.
    pub async fn reading(turns: usize, lines: usize) -> anyhow::Result<Self> {
        let shared = Arc::new(Shared { turns, lines, asked: Mutex::default() });
        let routes = Router::new()
            .route("/v1/chat/completions", post(answer))
            .layer(DefaultBodyLimit::max(BODY))
            .with_state(Arc::clone(&shared));
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
        let base_url = format!("http://{}/v1", listener.local_addr()?);
        tokio::spawn(async move { axum::serve(listener, routes).await });
        Ok(Self { base_url, shared })
    }

    /// When the work of that model's execution was asked for, turn by turn.
    #[must_use]
    pub fn asked(&self, model: &str) -> Vec<Instant> {
        let asked = self.shared.asked.lock().unwrap_or_else(PoisonError::into_inner);
        asked.get(model).cloned().unwrap_or_default()
    }

    /// The first request of all.
    #[must_use]
    pub fn first(&self) -> Option<Instant> {
        let asked = self.shared.asked.lock().unwrap_or_else(PoisonError::into_inner);
        asked.values().filter_map(|times| times.first()).min().copied()
    }
}

async fn answer(State(shared): State<Arc<Shared>>, body: Bytes) -> Response {
    let now = Instant::now();
    let model = after(&body, br#""model":""#).unwrap_or_default();
    let duty = after(&body, b"duty: ").unwrap_or_default();
    let turn = {
        let mut asked = shared.asked.lock().unwrap_or_else(PoisonError::into_inner);
        // The other duties are counted too, under a name of their own, so that the first request of all is known.
        let key = if matches!(duty.as_str(), "work" | "") { model } else { format!("{model}/{duty}") };
        let times = asked.entry(key).or_default();
        times.push(now);
        times.len()
    };
    let call = match duty.as_str() {
        "analyze" => Some((
            "submit_analysis",
            json!({"summary": "It is slow.", "acceptance_criteria": ["it is fast"], "risks": [], "questions": []}),
        )),
        "plan" | "agree" => Some((
            "submit_plan",
            json!({"test_command": "", "subtasks": [{"id": "s1", "title": "Read", "description": "Read the notes.", "role": "backend_developer", "depends_on": [], "acceptance_criteria": ["read"]}]}),
        )),
        "work" if turn <= shared.turns => Some((
            "read_file",
            json!({"path": "notes.txt", "start_line": turn, "end_line": turn + shared.lines - 1}),
        )),
        "work" => Some(("submit_work", json!({"summary": "Read."}))),
        "" if turn <= shared.turns => Some(("read_file", json!({"line": turn}))),
        _ => None,
    };
    let streamed = find(&body, br#""stream":true"#).is_some();
    if streamed { stream(turn, call.as_ref()) } else { whole(turn, call.as_ref()) }
}

type Call = (&'static str, Value);

fn message(turn: usize, call: Option<&Call>) -> Value {
    match call {
        Some((name, arguments)) => json!({
            "role": "assistant",
            "content": null,
            "tool_calls": [{"index": 0, "id": format!("call_{turn}"), "type": "function", "function": {"name": name, "arguments": arguments.to_string()}}],
        }),
        None => json!({"role": "assistant", "content": "Done."}),
    }
}

fn usage() -> Value {
    json!({"prompt_tokens": 100, "completion_tokens": 10, "total_tokens": 110})
}

fn finish(call: Option<&Call>) -> &'static str {
    if call.is_some() { "tool_calls" } else { "stop" }
}

fn whole(turn: usize, call: Option<&Call>) -> Response {
    axum::Json(json!({
        "id": "x", "object": "chat.completion", "created": 0, "model": "instant",
        "choices": [{"index": 0, "message": message(turn, call), "finish_reason": finish(call)}],
        "usage": usage(),
    }))
    .into_response()
}

fn stream(turn: usize, call: Option<&Call>) -> Response {
    let chunk = |delta: Value, finish: Value, usage: Value| {
        let chunk = json!({
            "id": "x", "object": "chat.completion.chunk", "created": 0, "model": "instant",
            "choices": [{"index": 0, "delta": delta, "finish_reason": finish}], "usage": usage,
        });
        format!("data: {chunk}\n\n")
    };
    let mut body = chunk(message(turn, call), Value::Null, Value::Null);
    body.push_str(&chunk(json!({}), json!(finish(call)), usage()));
    body.push_str("data: [DONE]\n\n");
    ([(CONTENT_TYPE, "text/event-stream")], body).into_response()
}

/// The word that stands behind `mark`.
fn after(body: &[u8], mark: &[u8]) -> Option<String> {
    let rest = &body[find(body, mark)? + mark.len()..];
    let end = rest.iter().position(|byte| !(byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-')));
    Some(String::from_utf8_lossy(&rest[..end.unwrap_or(rest.len())]).into_owned())
}

fn find(body: &[u8], mark: &[u8]) -> Option<usize> {
    body.windows(mark.len()).position(|window| window == mark)
}
