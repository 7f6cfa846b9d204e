//! Every request has an id: the caller's own where it has a sensible form, otherwise a new one. It stands in the answer,
//! in the body of every problem, and in the log.

use crate::app::App;
use axum::extract::{Request, State};
use axum::http::{HeaderName, HeaderValue};
use axum::middleware::Next;
use axum::response::Response;
use tracing::Instrument as _;

const HEADER: HeaderName = HeaderName::from_static("x-request-id");
/// Longer ones are not taken over, in bytes.
const LONGEST: usize = 128;

tokio::task_local! {
    static CURRENT: String;
}

/// The id of the request that this task answers.
pub(crate) fn current() -> Option<String> {
    CURRENT.try_with(Clone::clone).ok()
}

/// Answers the request with that id in another task.
pub(crate) fn within<F: Future>(id: String, answer: F) -> impl Future<Output = F::Output> {
    CURRENT.scope(id, answer)
}

pub(crate) async fn layer(State(app): State<App>, request: Request, next: Next) -> Response {
    let given = request.headers().get(&HEADER).and_then(|value| value.to_str().ok());
    let sensible = |id: &&str| {
        (1..=LONGEST).contains(&id.len())
            && id.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_.:/+=".contains(&byte))
    };
    let id = given.filter(sensible).map_or_else(|| app.new_id().to_string(), ToOwned::to_owned);
    let span = tracing::info_span!("request", id, method = %request.method(), path = request.uri().path());
    let mut response = CURRENT.scope(id.clone(), next.run(request)).instrument(span).await;
    if let Ok(value) = HeaderValue::from_str(&id) {
        response.headers_mut().insert(HEADER, value);
    }
    response
}
