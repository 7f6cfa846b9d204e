//! A server on loopback that answers as it is told and remembers what it was asked.

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::http::{HeaderMap, Response, StatusCode, Uri};
use futures::{StreamExt, stream};
use serde_json::{Value, json};
use squad_domain::conversation::{Message, Reply, ToolCall, ToolSpec};
use squad_domain::model::ProviderEndpoint;
use squad_llm::{Delta, Timeouts};
use squad_llm::{
    DeltaSink, Endpoint, GenaiProvider, ModelProvider, ModelRequest, ProviderCompletion, ProviderError,
};
use std::collections::VecDeque;
use std::convert::Infallible;
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// The key every test uses.
pub(crate) const KEY: &str = "sk-test-0123456789abcdef";

/// How the server answers one request.
pub(crate) enum Answer {
    /// A stream of events that ends cleanly.
    Events(Vec<String>),
    /// A stream of events whose connection then breaks.
    EventsThenReset(Vec<String>),
    /// A plain body.
    Plain { status: u16, headers: Vec<(&'static str, String)>, content_type: &'static str, body: String },
    /// Nothing, for ever.
    Silence,
    /// Some events, then nothing, for ever.
    EventsThenSilence(Vec<String>),
}

impl Answer {
    pub(crate) fn json(status: u16, body: &Value) -> Self {
        Self::Plain { status, headers: Vec::new(), content_type: "application/json", body: body.to_string() }
    }

    pub(crate) fn json_with(status: u16, body: &Value, headers: &[(&'static str, &str)]) -> Self {
        let headers = headers.iter().map(|(name, value)| (*name, (*value).to_owned())).collect();
        Self::Plain { status, headers, content_type: "application/json", body: body.to_string() }
    }
}

/// What the server was asked.
#[derive(Debug, Clone)]
pub(crate) struct Asked {
    pub(crate) path: String,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Value,
}

#[derive(Clone, Default)]
struct Shared {
    answers: Arc<Mutex<VecDeque<Answer>>>,
    asked: Arc<Mutex<Vec<Asked>>>,
}

pub(crate) struct Server {
    shared: Shared,
    pub(crate) url: String,
}

impl Server {
    pub(crate) async fn start(answers: Vec<Answer>) -> Self {
        let shared = Shared { answers: Arc::new(Mutex::new(answers.into())), ..Shared::default() };
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let app = Router::new().fallback(answer).with_state(shared.clone());
        tokio::spawn(async move { axum::serve(listener, app).await.unwrap() });
        Self { shared, url }
    }

    pub(crate) fn asked(&self) -> Vec<Asked> {
        self.shared.asked.lock().unwrap().clone()
    }

    /// The provider `name` at this server, with short but generous enough patience.
    pub(crate) fn provider(&self, name: &str) -> GenaiProvider {
        self.provider_with(name, Timeouts::REMOTE)
    }

    pub(crate) fn provider_with(&self, name: &str, timeouts: Timeouts) -> GenaiProvider {
        provider_at(&self.url, name, timeouts)
    }

    /// Asks once, without watching.
    pub(crate) async fn ask(
        &self,
        provider: &str,
        request: &ModelRequest,
    ) -> Result<ProviderCompletion, ProviderError> {
        self.provider(provider).complete("test-model", request, &DeltaSink::none()).await
    }
}

/// The provider `name` at an address.
pub(crate) fn provider_at(url: &str, name: &str, timeouts: Timeouts) -> GenaiProvider {
    let settings =
        ProviderEndpoint { base_url: Some(url.to_owned()), api_key_env: Some("TEST_KEY".to_owned()) };
    let env = |name: &str| (name == "TEST_KEY").then(|| KEY.to_owned());
    GenaiProvider::new(Endpoint::resolve(name, Some(&settings), &env).unwrap(), Some(timeouts)).unwrap()
}

async fn answer(State(shared): State<Shared>, uri: Uri, headers: HeaderMap, body: Bytes) -> Response<Body> {
    let body = serde_json::from_slice(&body).unwrap_or(Value::Null);
    shared.asked.lock().unwrap().push(Asked { path: uri.path().to_owned(), headers, body });
    let next = shared.answers.lock().unwrap().pop_front().expect("the test expects no further request");
    let streamed =
        |body: Body| Response::builder().header("content-type", "text/event-stream").body(body).unwrap();
    match next {
        Answer::Events(events) => streamed(Body::from(events.concat())),
        Answer::EventsThenReset(events) => {
            let broken = std::io::Error::other("the connection breaks");
            let pieces = stream::iter([Ok(Bytes::from(events.concat()))]).chain(stream::once(async move {
                // Lets what was written go out before the connection is dropped.
                tokio::task::yield_now().await;
                Err(broken)
            }));
            streamed(Body::from_stream(pieces))
        }
        Answer::EventsThenSilence(events) => {
            let pieces =
                stream::iter([Ok::<_, Infallible>(Bytes::from(events.concat()))]).chain(stream::pending());
            streamed(Body::from_stream(pieces))
        }
        Answer::Silence => std::future::pending().await,
        Answer::Plain { status, headers, content_type, body } => {
            let mut response = Response::builder().status(StatusCode::from_u16(status).unwrap());
            for (name, value) in headers {
                response = response.header(name, value);
            }
            response.header("content-type", content_type).body(Body::from(body)).unwrap()
        }
    }
}

/// An event of the OpenAI wire.
pub(crate) fn data(value: &Value) -> String {
    format!("data: {value}\n\n")
}

/// A streamed OpenAI answer from its deltas, with finish reason, usage and sentinel.
pub(crate) fn openai_stream(deltas: &[Value], finish: &str) -> Vec<String> {
    let mut events: Vec<String> =
        deltas.iter().map(|delta| data(&json!({"choices": [{"index": 0, "delta": delta}]}))).collect();
    events.push(data(&json!({"choices": [{"index": 0, "delta": {}, "finish_reason": finish}]})));
    events.push(data(
        &json!({"choices": [], "usage": {"prompt_tokens": 120, "completion_tokens": 30, "total_tokens": 150,
        "prompt_tokens_details": {"cached_tokens": 100}}}),
    ));
    events.push("data: [DONE]\n\n".to_owned());
    events
}

/// An event of the Anthropic wire.
pub(crate) fn event(value: &Value) -> String {
    format!("event: {}\ndata: {value}\n\n", value["type"].as_str().unwrap())
}

/// A streamed Anthropic answer around its content events.
pub(crate) fn anthropic_stream(content: &[Value], stop: &str) -> Vec<String> {
    let mut events = vec![event(&json!({"type": "message_start", "message": {"usage": {"input_tokens": 20,
        "cache_read_input_tokens": 900, "cache_creation_input_tokens": 80, "output_tokens": 1}}}))];
    events.extend(content.iter().map(event));
    events.push(event(
        &json!({"type": "message_delta", "delta": {"stop_reason": stop}, "usage": {"output_tokens": 33}}),
    ));
    events.push(event(&json!({"type": "message_stop"})));
    events
}

pub(crate) fn said(text: &str) -> ModelRequest {
    ModelRequest {
        system: "You are Bea.".to_owned(),
        messages: vec![Message::User { text: text.to_owned() }],
        tools: vec![tool("read_file"), tool("edit_file")],
        max_output_tokens: 1000,
    }
}

pub(crate) fn tool(name: &str) -> ToolSpec {
    ToolSpec {
        name: name.to_owned(),
        description: format!("The tool {name}."),
        schema: json!({"type": "object", "properties": {"path": {"type": "string"}}, "required": ["path"]}),
    }
}

pub(crate) fn call(id: &str, name: &str, arguments: Value) -> ToolCall {
    ToolCall { id: id.to_owned(), name: name.to_owned(), arguments }
}

pub(crate) fn result(id: &str, content: &str) -> Message {
    Message::Tool { call_id: id.to_owned(), content: content.to_owned() }
}

pub(crate) fn user(text: &str) -> Message {
    Message::User { text: text.to_owned() }
}

pub(crate) fn reply(text: &str, calls: Vec<ToolCall>) -> Message {
    Message::Assistant(Reply { text: text.to_owned(), calls })
}

/// A sink that writes down what it is given; `|` stands for a restart.
pub(crate) fn recorder() -> (DeltaSink, Arc<Mutex<String>>) {
    let heard = Arc::new(Mutex::new(String::new()));
    let ear = Arc::clone(&heard);
    let sink = DeltaSink::new(move |delta| match delta {
        Delta::Text(text) => ear.lock().unwrap().push_str(text),
        Delta::Restart => ear.lock().unwrap().push('|'),
    });
    (sink, heard)
}

/// Patience so short that silence is noticed at once.
pub(crate) const IMPATIENT: Timeouts = Timeouts {
    connect: Duration::from_secs(5),
    first_byte: Duration::from_millis(50),
    idle: Duration::from_millis(50),
    heartbeats: Duration::from_millis(200),
    total: Duration::from_secs(30),
};
