//! What operators and other services ask: is it alive, is it ready, how is it doing, with which keys does it sign.

use crate::app::App;
use crate::middleware::metrics;
use crate::problem::Answer;
use crate::problem::{Code, Problem};
use axum::Json;
use axum::extract::State;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};

/// The process answers.
pub(super) async fn alive() -> Json<Value> {
    Json(json!({ "status": "ok" }))
}

/// The process can serve: its database answers, and it is not about to end.
pub(super) async fn ready(State(app): State<App>) -> Answer<Json<Value>> {
    if app.stop().is_cancelled() {
        return Err(Problem::new(Code::Unavailable, "the server is going away"));
    }
    app.storage().ping().await?;
    Ok(Json(json!({ "status": "ready" })))
}

/// The public halves of the keys that sign access tokens (RFC 7517).
pub(super) async fn jwks(State(app): State<App>) -> Response {
    let cached = [(header::CACHE_CONTROL, "public, max-age=300")];
    (cached, Json(app.keys().jwks())).into_response()
}

/// What was counted, in the text format of Prometheus.
pub(super) async fn metrics() -> Response {
    ([(header::CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")], metrics::render()).into_response()
}
