//! Every byte of an answer passes here before the crate reads it, so that none is read without a bound.
//!
//! The crate keeps an answer's unfinished event, and the whole body of a refusal, in memory however long they grow, and its
//! HTTP client has no hook to stop them. So it is given an address on loopback instead of the provider's: this relay, in the
//! same process, which asks the provider and hands on what comes within the bounds. What it has to end, it remembers with
//! the reason, because over a connection only the breaking off would be seen.
//!
//! The address holds a secret, so that no other user of the machine gets anything through it; the key is in the crate's
//! requests and never here.

use super::{Timeouts, bounds};
use crate::{ProviderError, Secret};
use axum::body::{Body, Bytes};
use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderName, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::serve::ListenerExt;
use futures::StreamExt;
use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tokio::time::timeout;

/// Headers that belong to one connection, and those that the relay's own answer sets anew.
const NOT_HANDED_ON: [HeaderName; 7] = [
    header::HOST,
    header::CONNECTION,
    header::CONTENT_LENGTH,
    header::TRANSFER_ENCODING,
    header::UPGRADE,
    header::TE,
    header::TRAILER,
];

/// Marks a call in its address whose answer is to be streamed.
const STREAMED: &str = "s";

/// A running relay to one provider. It stops when this is dropped.
#[derive(Debug)]
pub(super) struct Relay {
    address: String,
    shared: Arc<Shared>,
    server: JoinHandle<()>,
}

#[derive(Debug)]
struct Shared {
    http: reqwest::Client,
    base_url: String,
    key: Secret,
    timeouts: Timeouts,
    secret: String,
    calls: AtomicU64,
    /// Why calls under way had to be ended.
    failures: Mutex<HashMap<u64, ProviderError>>,
}

/// One call through the relay: its address, and in the end the reason where the relay ended it.
#[derive(Debug)]
pub(super) struct Passage {
    pub(super) base_url: String,
    number: u64,
    shared: Arc<Shared>,
}

impl Relay {
    /// Starts one that asks through `http`.
    ///
    /// # Errors
    /// Where loopback cannot be listened on.
    pub(super) async fn start(
        http: reqwest::Client,
        base_url: &str,
        key: &Secret,
        timeouts: Timeouts,
    ) -> Result<Self, ProviderError> {
        let failed = |error: std::io::Error| ProviderError::Unreachable {
            message: format!("no port on loopback can be listened on: {error}"),
        };
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.map_err(failed)?;
        let address = listener.local_addr().map_err(failed)?;
        let shared = Arc::new(Shared {
            http,
            base_url: base_url.to_owned(),
            key: key.clone(),
            timeouts,
            secret: hex::encode(rand::random::<[u8; 16]>()),
            calls: AtomicU64::new(0),
            failures: Mutex::default(),
        });
        let app = axum::Router::new().fallback(relay).with_state(Arc::clone(&shared));
        // Small pieces must not wait for larger ones.
        let listener = listener.tap_io(|connection| {
            if let Err(error) = connection.set_nodelay(true) {
                tracing::debug!(%error, "a connection to the relay may be slow");
            }
        });
        let server = tokio::spawn(async move {
            if let Err(error) = axum::serve(listener, app).await {
                tracing::error!(%error, "the relay stopped");
            }
        });
        Ok(Self { address: format!("http://{address}"), shared, server })
    }

    /// Whether it still runs: it goes with the runtime that it was started on.
    pub(super) fn runs(&self) -> bool {
        !self.server.is_finished()
    }

    /// The way for one call. `streamed`: its answer is to come piece by piece.
    pub(super) fn passage(&self, streamed: bool) -> Passage {
        let number = self.shared.calls.fetch_add(1, Ordering::Relaxed);
        let mark = if streamed { STREAMED } else { "" };
        let base_url = format!("{}/{}/{mark}{number}/", self.address, self.shared.secret);
        Passage { base_url, number, shared: Arc::clone(&self.shared) }
    }
}

impl Drop for Relay {
    fn drop(&mut self) {
        self.server.abort();
    }
}

impl Passage {
    /// Why the relay ended the call, if it did. `received_bytes`: of the answer, until then.
    pub(super) fn failure(&self, received_bytes: usize) -> Option<ProviderError> {
        let failure = self.shared.failures().remove(&self.number)?;
        Some(match failure {
            ProviderError::Truncated { message, .. } => ProviderError::Truncated { message, received_bytes },
            // What had begun to come and then went silent is paid for.
            ProviderError::Timeout { message } if received_bytes > 0 => {
                ProviderError::Truncated { message, received_bytes }
            }
            other => other,
        })
    }
}

impl Drop for Passage {
    fn drop(&mut self) {
        self.shared.failures().remove(&self.number);
    }
}

impl Shared {
    fn failures(&self) -> MutexGuard<'_, HashMap<u64, ProviderError>> {
        // What it guards is whole after every statement.
        self.failures.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Remembers why the call is ended; the first reason counts.
    fn ended(&self, call: u64, failure: ProviderError) {
        self.failures().entry(call).or_insert(failure);
    }

    fn transport(&self, error: &reqwest::Error, received: usize) -> ProviderError {
        super::failures::by_transport(error, &self.key, &self.base_url, received)
    }
}

fn silent(message: &str) -> ProviderError {
    ProviderError::Timeout { message: message.to_owned() }
}

async fn relay(State(shared): State<Arc<Shared>>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let target = parts.uri.path_and_query().map(axum::http::uri::PathAndQuery::as_str).unwrap_or_default();
    let mut path = target.trim_start_matches('/').splitn(3, '/');
    let (secret, call, rest) = (path.next(), path.next().unwrap_or_default(), path.next());
    let streamed = call.starts_with(STREAMED);
    let call = call.trim_start_matches(STREAMED).parse().ok();
    let (Some(call), Some(rest)) = (call, rest.filter(|_| secret == Some(shared.secret.as_str()))) else {
        return StatusCode::NOT_FOUND.into_response();
    };
    let Ok(body) = axum::body::to_bytes(body, usize::MAX).await else {
        return StatusCode::BAD_REQUEST.into_response();
    };
    let asked = shared
        .http
        .request(parts.method, format!("{}{rest}", shared.base_url))
        .headers(handed_on(&parts.headers))
        .body(body);
    let answered = match timeout(shared.timeouts.first_byte, asked.send()).await {
        Ok(Ok(response)) => response,
        Ok(Err(error)) => {
            shared.ended(call, shared.transport(&error, 0));
            return StatusCode::BAD_GATEWAY.into_response();
        }
        Err(_) => {
            shared.ended(call, silent("the answer did not begin"));
            return StatusCode::GATEWAY_TIMEOUT.into_response();
        }
    };
    let (status, headers) = (answered.status(), handed_on(answered.headers()));
    if !status.is_success() {
        let body = bounds::refusal(answered, shared.timeouts.idle).await;
        return (status, headers, body).into_response();
    }
    (status, headers, pieces(shared, call, streamed, answered)).into_response()
}

fn handed_on(headers: &HeaderMap) -> HeaderMap {
    let mut headers = headers.clone();
    for name in &NOT_HANDED_ON {
        headers.remove(name);
    }
    headers
}

/// The answer, piece by piece, until it is at an end or has to be ended.
fn pieces(shared: Arc<Shared>, call: u64, streamed: bool, answer: reqwest::Response) -> Body {
    let passing = Passing::new(streamed, answer.headers());
    let source = answer.bytes_stream();
    let pieces = futures::stream::unfold(Some((source, passing)), move |state| {
        let shared = Arc::clone(&shared);
        async move {
            let (mut source, mut passing) = state?;
            let next = match timeout(shared.timeouts.idle, source.next()).await {
                Err(_) => Err(silent("the answer went silent")),
                Ok(None) => return Some((Ok(passing.rest()), None)),
                Ok(Some(Err(error))) => Err(shared.transport(&error, 1)),
                Ok(Some(Ok(piece))) => passing
                    .take(&piece)
                    .map_err(|message| ProviderError::Truncated { message, received_bytes: 0 }),
            };
            match next {
                Ok(piece) => Some((Ok(piece), Some((source, passing)))),
                Err(failure) => {
                    let broken = std::io::Error::other(failure.to_string());
                    shared.ended(call, failure);
                    Some((Err(broken), None))
                }
            }
        }
    });
    Body::from_stream(pieces)
}

/// Lets whole events pass and holds the one that is coming in; of a body that is no stream, everything until its end.
/// So the crate, which looks through all it has again with every piece, never gets half of something long.
#[derive(Debug)]
struct Passing {
    streamed: bool,
    limit: usize,
    held: Vec<u8>,
    /// Whether the line is empty so far.
    empty_line: bool,
}

impl Passing {
    fn new(asked_for_stream: bool, headers: &HeaderMap) -> Self {
        let kind = headers.get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
        // Some servers stream under another name.
        let streamed = asked_for_stream && !kind.starts_with("application/json");
        let limit = if asked_for_stream { bounds::LONGEST_EVENT } else { bounds::LONGEST_BODY };
        Self { streamed, limit, held: Vec::new(), empty_line: true }
    }

    /// What can be handed on, now that this piece is there.
    fn take(&mut self, piece: &[u8]) -> Result<Bytes, String> {
        let before = self.held.len();
        self.held.extend_from_slice(piece);
        let mut complete = 0;
        for (position, byte) in piece.iter().enumerate() {
            match byte {
                b'\n' if self.empty_line => complete = before + position + 1,
                b'\n' => self.empty_line = true,
                b'\r' => {}
                _ => self.empty_line = false,
            }
        }
        let unfinished =
            if self.streamed { self.held.split_off(complete) } else { std::mem::take(&mut self.held) };
        let complete = Bytes::from(std::mem::replace(&mut self.held, unfinished));
        if self.held.len() > self.limit {
            let what = if self.streamed { "one event of it" } else { "it" };
            return Err(format!("{what} grew beyond {}", bounds::size(self.limit)));
        }
        Ok(complete)
    }

    fn rest(self) -> Bytes {
        self.held.into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn events_pass_whole_wherever_they_are_cut() {
        let mut passing = Passing::new(true, &HeaderMap::new());
        let mut take = |piece: &str| passing.take(piece.as_bytes()).unwrap();
        assert_eq!(take("event: x\r"), "");
        assert_eq!(take("\ndata: 1\r\n\r"), "");
        assert_eq!(take("\n: y\n\ndata: 2\n"), "event: x\r\ndata: 1\r\n\r\n: y\n\n");
        assert_eq!(take("\ndata"), "data: 2\n\n");
        assert_eq!(passing.rest(), "data");
    }

    #[tokio::test]
    async fn whoever_does_not_know_the_secret_gets_nothing_through() {
        let http = reqwest::Client::builder().no_proxy().build().unwrap();
        let key = Secret::new("sk-test-0123456789");
        let relay = Relay::start(http.clone(), "http://127.0.0.1:9/", &key, Timeouts::LOCAL).await.unwrap();
        for path in ["", "v1/chat/completions", "0/0/chat/completions", "//0/x"] {
            let asked =
                http.post(format!("{}/{path}", relay.address)).bearer_auth("sk-x").send().await.unwrap();
            assert_eq!(asked.status(), 404, "{path}");
        }
        let passage = relay.passage(true);
        let through = http.post(format!("{}x", passage.base_url)).send().await.unwrap();
        assert_eq!(through.status(), 502, "nobody is there");
        assert!(matches!(passage.failure(0), Some(ProviderError::Unreachable { .. })));
    }

    #[test]
    fn only_what_is_unfinished_counts() {
        let mut passing = Passing::new(true, &HeaderMap::new());
        let event = format!("data: {}\n\n", "x".repeat(1024 * 1024));
        for _ in 0..20 {
            passing.take(event.as_bytes()).unwrap();
        }
        let line = "x".repeat(1024 * 1024);
        let ended = (0..20).find_map(|n| passing.take(line.as_bytes()).err().map(|why| (n, why)));
        assert_eq!(ended, Some((4, "one event of it grew beyond 4 MiB".to_owned())));
        let mut body = Passing::new(false, &HeaderMap::new());
        let ended = (0..20).find_map(|n| body.take(event.as_bytes()).err().map(|why| (n, why)));
        assert_eq!(ended, Some((15, "it grew beyond 16 MiB".to_owned())), "a body has no events");
    }
}
