//! The table of routes. Every one of the API stands here, through `routes!`, so that it is in the OpenAPI document; what
//! is not part of the API (health, documents) stands below it. No logic enters this file.

mod api_keys;
mod audit_log;
mod auth;
mod budgets;
mod docs;
mod executions;
mod feedback;
mod health;
mod invitations;
mod me;
mod messages;
mod organizations;
mod projects;
mod squad_members;
mod squads;
mod tasks;
mod webhooks;

use crate::app::App;
use crate::document;
use crate::middleware::{headers, idempotency, metrics, rate_limit, request_id};
use crate::problem::{Code, Problem};
use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::http::{HeaderName, HeaderValue, Method, header};
use axum::middleware::{from_fn, from_fn_with_state};
use axum::response::{IntoResponse as _, Response};
use axum::routing::get;
use tower_http::catch_panic::CatchPanicLayer;
use tower_http::cors::CorsLayer;
use utoipa_axum::router::OpenApiRouter;

/// Bodies that are larger are refused, in bytes, unless a route says otherwise.
const BODY: usize = 1024 * 1024;

/// Routes that nobody has to be signed in for.
fn public() -> OpenApiRouter<App> {
    auth::public().merge(invitations::public())
}

/// Everything else.
fn private() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .merge(auth::private())
        .merge(me::routes())
        .merge(executions::routes())
        .merge(squads::routes())
        .merge(squad_members::routes())
        .merge(projects::routes())
        .merge(webhooks::routes())
        .merge(organizations::routes())
        .merge(invitations::routes())
        .merge(audit_log::routes())
        .merge(budgets::routes())
        .merge(api_keys::routes())
        .merge(feedback::routes())
        .merge(messages::routes())
        .merge(tasks::routes())
}

/// The routes under `/api/v1`, with their documentation.
pub(crate) fn table() -> OpenApiRouter<App> {
    OpenApiRouter::new().nest("/api/v1", private())
}

/// The routes that nobody has to be signed in for, with their documentation.
pub(crate) fn public_table() -> OpenApiRouter<App> {
    OpenApiRouter::new().nest("/api/v1", public())
}

/// Everything that answers over HTTP.
pub fn router(app: App) -> Router {
    let (private, _) = table().split_for_parts();
    let (public, _) = public_table().split_for_parts();
    let public = public.layer(from_fn_with_state(app.clone(), rate_limit::anonymous));
    let api = private
        .merge(public)
        .layer(from_fn_with_state(app.clone(), idempotency::layer))
        .layer(DefaultBodyLimit::max(BODY))
        .layer(cors(&app));
    let beside = Router::new()
        .route("/", get(docs::index))
        .route("/healthz", get(health::alive))
        .route("/readyz", get(health::ready))
        .route("/metrics", get(health::metrics))
        .route("/.well-known/jwks.json", get(health::jwks))
        .route("/api/openapi.json", get(document::handler))
        .route("/api/docs", get(docs::index))
        .route("/api/docs/{*file}", get(docs::file));
    api.merge(beside)
        .fallback(async || Problem::new(Code::NotFound, "there is nothing under this address"))
        .method_not_allowed_fallback(async || {
            Problem::new(Code::MethodNotAllowed, "this address takes other methods; `allow` names them")
        })
        .layer(CatchPanicLayer::custom(|panic: Box<dyn std::any::Any + Send>| -> Response {
            let why = panic.downcast_ref::<String>().map(String::as_str);
            let why = why.or_else(|| panic.downcast_ref::<&str>().copied()).unwrap_or("no words");
            tracing::error!(why, "a handler panicked");
            Problem::internal().into_response()
        }))
        .layer(from_fn_with_state(app.clone(), headers::layer))
        .layer(from_fn_with_state(app.clone(), request_id::layer))
        .layer(from_fn(metrics::layer))
        .with_state(app)
}

/// Other pages may call the API with a token of theirs, never with our cookies.
fn cors(app: &App) -> CorsLayer {
    let origins: Vec<HeaderValue> =
        app.config().cors_origins.iter().filter_map(|origin| origin.parse().ok()).collect();
    let names = ["idempotency-key", "x-organization-id", "x-request-id", "last-event-id"];
    let taken: Vec<HeaderName> = [header::AUTHORIZATION, header::CONTENT_TYPE, header::IF_MATCH]
        .into_iter()
        .chain(names.map(HeaderName::from_static))
        .collect();
    let exposed = [header::ETAG, header::RETRY_AFTER, HeaderName::from_static("x-request-id")];
    CorsLayer::new()
        .allow_origin(origins)
        .allow_methods([Method::GET, Method::POST, Method::PUT, Method::PATCH, Method::DELETE])
        .allow_headers(taken)
        .expose_headers(exposed)
        .max_age(std::time::Duration::from_secs(3600))
}
