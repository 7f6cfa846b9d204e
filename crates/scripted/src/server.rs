//! The HTTP server: four routes, the memory of faults, and the log of requests.

use std::collections::HashMap;
use std::future::IntoFuture;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use axum::Router;
use axum::body::Bytes;
use axum::extract::{DefaultBodyLimit, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Json, Response};
use axum::routing::{get, post};
use serde_json::Value;
use thiserror::Error;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use crate::conversation::Conversation;
use crate::frames::Frames;
use crate::log::{Outcome, RecordedRequest, RequestLog};
use crate::reply::Reply;
use crate::scenario::{FaultKind, Pick, Scenario};
use crate::wire::WireFormat;

/// The largest request that is read, in bytes: more than any model's context.
const BODY_LIMIT: usize = 64 * 1024 * 1024;

/// The id under which the list of models names the scripted one.
const MODEL_ID: &str = "demo";

/// Why the server did not start.
#[derive(Debug, Error)]
#[error(
    "the scripted model cannot listen on `{address}` ({source}); choose another port, or port 0 for a free one"
)]
pub struct StartError {
    address: SocketAddr,
    source: std::io::Error,
}

/// The scripted model's server.
#[derive(Debug)]
pub struct ScriptedModel;

/// A running server. It stops when this is dropped.
#[derive(Debug)]
pub struct Handle {
    /// Where both formats' paths start, such as `http://127.0.0.1:4321/v1`.
    pub base_url: String,
    address: SocketAddr,
    shared: Arc<Shared>,
    server: Option<JoinHandle<()>>,
}

#[derive(Debug)]
struct Shared {
    scenario: Scenario,
    /// How often each fault with `times` has struck.
    struck: Mutex<HashMap<String, u32>>,
    log: Mutex<RequestLog>,
    stopping: CancellationToken,
}

impl ScriptedModel {
    /// Starts a server that plays a scenario; port 0 takes a free one.
    ///
    /// # Errors
    ///
    /// If the address cannot be listened on.
    pub async fn start(scenario: Scenario, address: SocketAddr) -> Result<Handle, StartError> {
        let fail = |source| StartError { address, source };
        let listener = TcpListener::bind(address).await.map_err(fail)?;
        let address = listener.local_addr().map_err(fail)?;
        let shared = Arc::new(Shared {
            scenario,
            struck: Mutex::default(),
            log: Mutex::default(),
            stopping: CancellationToken::new(),
        });
        let routes = routes(Arc::clone(&shared));
        let stopped = shared.stopping.clone().cancelled_owned();
        let server = axum::serve(listener, routes).with_graceful_shutdown(stopped).into_future();
        let server = tokio::spawn(async move {
            if let Err(error) = server.await {
                tracing::error!(%error, "the scripted model stopped");
            }
        });
        Ok(Handle { base_url: format!("http://{address}/v1"), address, shared, server: Some(server) })
    }
}

impl Handle {
    /// Where the server listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The requests so far, oldest first; of more than 4096 only the latest.
    pub fn requests(&self) -> Vec<RecordedRequest> {
        lock(&self.shared.log).all()
    }

    /// How many requests there were in all.
    pub fn request_count(&self) -> usize {
        lock(&self.shared.log).total()
    }

    /// What the scenario could not answer so far; a test that plays a complete scenario wants this to be empty.
    pub fn complaints(&self) -> Vec<String> {
        let complaint = |request: RecordedRequest| match request.outcome {
            Outcome::Complaint(message) => Some(message),
            Outcome::Answered | Outcome::Fault => None,
        };
        self.requests().into_iter().filter_map(complaint).collect()
    }

    /// Stops listening and breaks off the answers under way.
    pub async fn stop(mut self) {
        self.shared.stopping.cancel();
        if let Some(server) = self.server.take() {
            // Its only error is a panic of the server, which the log has told.
            let _ = server.await;
        }
    }
}

impl Drop for Handle {
    fn drop(&mut self) {
        self.shared.stopping.cancel();
    }
}

/// Every path works with and without `/v1`, because clients differ in whether the base URL contains it.
fn routes(shared: Arc<Shared>) -> Router {
    let paths = Router::new()
        .route("/chat/completions", post(chat_completions))
        .route("/messages", post(messages))
        .route("/models", get(models));
    Router::new()
        .nest("/v1", paths.clone())
        .merge(paths)
        .fallback(unknown_path)
        .layer(DefaultBodyLimit::max(BODY_LIMIT))
        .with_state(shared)
}

async fn chat_completions(State(shared): State<Arc<Shared>>, body: Bytes) -> Response {
    shared.answer(WireFormat::OpenAi, &body).await
}

async fn messages(State(shared): State<Arc<Shared>>, body: Bytes) -> Response {
    shared.answer(WireFormat::Anthropic, &body).await
}

async fn models(headers: HeaderMap) -> Json<Value> {
    let anthropic = headers.contains_key("anthropic-version");
    let wire = if anthropic { WireFormat::Anthropic } else { WireFormat::OpenAi };
    Json(wire.models(&[MODEL_ID]))
}

async fn unknown_path() -> Response {
    let message =
        "the scripted model answers `POST /v1/chat/completions`, `POST /v1/messages` and `GET /v1/models`";
    refuse(WireFormat::OpenAi, 404, message, None)
}

impl Shared {
    async fn answer(&self, wire: WireFormat, body: &[u8]) -> Response {
        let body: Value = match serde_json::from_slice(body) {
            Ok(body) => body,
            Err(error) => return refuse(wire, 400, &format!("the request is not JSON: {error}"), None),
        };
        let conversation = match wire.read(&body) {
            Ok(conversation) => conversation,
            Err(problem) => return refuse(wire, 400, &problem, None),
        };
        let pick = match self.scenario.pick(&conversation) {
            Ok(pick) => pick,
            Err(complaint) => {
                let message = complaint.to_string();
                tracing::warn!(%message, "the scenario has no answer");
                self.record(wire, &conversation, None, Outcome::Complaint(message.clone()), body);
                return refuse(wire, complaint.status(), &message, None);
            }
        };
        let fault = self.strike(&pick, &conversation);
        let outcome = if fault.is_some() { Outcome::Fault } else { Outcome::Answered };
        self.record(wire, &conversation, Some(&pick.scene.name), outcome, body);

        let thinking = tokio::time::sleep(pick.turn.delay);
        if self.stopping.run_until_cancelled(thinking).await.is_none() {
            return refuse(wire, 503, "the scripted model is stopping", None);
        }
        if let Some(FaultKind::Status { status, retry_after, message }) = fault {
            let usual =
                || format!("scene `{}`, turn {}: refused on purpose", pick.scene.name, pick.index + 1);
            let message = message.clone().unwrap_or_else(usual);
            return refuse(wire, *status, &message, *retry_after);
        }
        self.play(wire, &conversation, &Reply::new(&conversation, pick.turn, fault), fault)
    }

    /// The fault that strikes this request, if one does.
    fn strike<'a>(&self, pick: &Pick<'a>, conversation: &Conversation) -> Option<&'a FaultKind> {
        let fault = pick.turn.fault.as_ref()?;
        let Some(times) = fault.times else { return Some(&fault.kind) };
        let key = format!("{}/{}/{}", pick.scene.name, pick.index, conversation.key());
        let mut struck = lock(&self.struck);
        let count = struck.entry(key).or_default();
        *count += 1;
        (*count <= times).then_some(&fault.kind)
    }

    fn play(
        &self,
        wire: WireFormat,
        conversation: &Conversation,
        reply: &Reply,
        fault: Option<&FaultKind>,
    ) -> Response {
        let (kind, frames, pause) = if conversation.streaming {
            let stream = wire.stream(reply, conversation.usage_in_stream);
            ("text/event-stream; charset=utf-8", stream, self.scenario.chunk_pause)
        } else {
            ("application/json", Frames::whole(&wire.body(reply).to_string()), std::time::Duration::ZERO)
        };
        let body = frames.send(pause, fault, self.stopping.clone());
        ([(header::CONTENT_TYPE, HeaderValue::from_static(kind))], body).into_response()
    }

    fn record(
        &self,
        wire: WireFormat,
        conversation: &Conversation,
        scene: Option<&str>,
        outcome: Outcome,
        body: Value,
    ) {
        lock(&self.log).add(RecordedRequest {
            wire,
            model: conversation.model.clone(),
            streaming: conversation.streaming,
            assignment: conversation.assignment(),
            scene: scene.map(ToOwned::to_owned),
            turn: conversation.answers_so_far() + 1,
            outcome,
            body,
        });
    }
}

fn refuse(wire: WireFormat, status: u16, message: &str, retry_after: Option<u64>) -> Response {
    let status_code = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let mut response = (status_code, Json(wire.error(status, message))).into_response();
    if let Some(seconds) = retry_after {
        response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(seconds));
    }
    response
}

/// Nothing panics while these locks are held, and what they guard is whole after every statement.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
