//! `Idempotency-Key`: a change that comes again with its key is not made again; its first answer is given once more. What
//! is kept of the answer is sealed, because it may hold what is shown only once.

use crate::app::App;
use crate::extract::{Caller, Origin};
use crate::problem::{Answer, Code, Problem};
use axum::body::{Body, Bytes, to_bytes};
use axum::extract::{FromRequestParts as _, Request, State};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode};
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};
use data_encoding::{BASE64, HEXLOWER};
use sha2::{Digest as _, Sha256};
use squad_storage::{Begin, RequestTicket, StoredAnswer};
use std::time::Duration;

const HEADER: &str = "idempotency-key";
/// Keys are at most so long, in bytes.
const LONGEST: usize = 200;
/// A request that has run for longer counts as dead, with the process that ran it.
const STALE: Duration = Duration::from_secs(120);
/// Bodies and answers that go with a key are at most so large, in bytes.
const MOST: usize = 8 * 1024 * 1024;
/// Says that an answer was given before.
const REPLAYED: HeaderName = HeaderName::from_static("idempotency-replayed");

pub(crate) async fn layer(State(app): State<App>, request: Request, next: Next) -> Response {
    let changes = !matches!(*request.method(), Method::GET | Method::HEAD | Method::OPTIONS);
    if !changes || !request.headers().contains_key(HEADER) {
        return next.run(request).await;
    }
    match once(&app, request, next).await {
        Ok(response) => response,
        Err(problem) => problem.into_response(),
    }
}

async fn once(app: &App, request: Request, next: Next) -> Answer<Response> {
    let (mut parts, body) = request.into_parts();
    let body = to_bytes(body, MOST).await.map_err(|_| {
        Problem::new(Code::TooLarge, "with an `Idempotency-Key`, a body is at most 8 MB large")
    })?;
    let (key, scope) = (key(&parts)?, scope(app, &mut parts, &body).await?);
    let fingerprint = fingerprint(&parts, &body);
    let request = Request::from_parts(parts, Body::from(body));
    match app.storage().begin_request(&scope, &key, &fingerprint, app.now(), STALE).await? {
        Begin::Fresh(ticket) => perform(app, &scope, &key, ticket, request, next).await,
        Begin::Done(answer) => replay(app, &scope, &key, &answer),
        Begin::Running => Err(Problem::new(
            Code::IdempotencyInProgress,
            "the first request with this key is still under way; ask again in a moment",
        )
        .retry_after(Duration::from_secs(1))),
        Begin::Mismatch => Err(Problem::new(
            Code::IdempotencyMismatch,
            "this key was used for another request; make a new key for each change",
        )),
    }
}

fn key(parts: &Parts) -> Answer<String> {
    let key = parts.headers.get(HEADER).and_then(|value| value.to_str().ok()).unwrap_or_default().trim();
    if (1..=LONGEST).contains(&key.len()) {
        return Ok(key.to_owned());
    }
    Err(Problem::new(
        Code::BadRequest,
        "an `Idempotency-Key` has 1 to 200 visible characters, such as a UUID",
    ))
}

/// Whose keys these are. Who is nobody yet shares a scope only with those who send the very same.
async fn scope(app: &App, parts: &mut Parts, body: &[u8]) -> Answer<String> {
    match Caller::from_request_parts(parts, app).await {
        Ok(caller) => {
            let org = caller.organization.map(|(org, _)| org.to_string()).unwrap_or_default();
            Ok(match &caller.origin {
                Origin::Session(_) => format!("user:{}:{org}", caller.user.id),
                Origin::ApiKey { id, .. } => format!("api_key:{id}"),
            })
        }
        Err(problem) if problem.code() == Code::Unauthenticated => {
            Ok(format!("anybody:{}", HEXLOWER.encode(&Sha256::digest(body))))
        }
        Err(problem) => Err(problem),
    }
}

fn fingerprint(parts: &Parts, body: &[u8]) -> String {
    let target = parts.uri.path_and_query().map_or("/", |target| target.as_str());
    let mut digest = Sha256::new();
    for part in [parts.method.as_str().as_bytes(), target.as_bytes(), body] {
        digest.update((part.len() as u64).to_be_bytes());
        digest.update(part);
    }
    HEXLOWER.encode(&digest.finalize())
}

/// Where a kept answer is sealed for.
fn context<'a>(scope: &'a str, key: &'a str) -> [&'a [u8]; 3] {
    [b"idempotency_keys", scope.as_bytes(), key.as_bytes()]
}

async fn perform(
    app: &App,
    scope: &str,
    key: &str,
    ticket: RequestTicket,
    request: Request,
    next: Next,
) -> Answer<Response> {
    // Who hangs up does not undo what has begun: the answer is kept for when they come again.
    let (app, scope, key) = (app.clone(), scope.to_owned(), key.to_owned());
    let id = super::request_id::current().unwrap_or_default();
    let performed = tokio::spawn(super::request_id::within(id, async move {
        let response = next.run(request).await;
        keep(&app, &scope, &key, ticket, response).await
    }));
    performed.await.map_err(|_| Problem::internal())?
}

async fn keep(
    app: &App,
    scope: &str,
    key: &str,
    ticket: RequestTicket,
    response: Response,
) -> Answer<Response> {
    let (parts, body) = response.into_parts();
    let body = to_bytes(body, MOST).await.map_err(|_| Problem::internal())?;
    // What failed on our side, or was only refused for now, may be tried again.
    let again = parts.status.is_server_error()
        || matches!(parts.status, StatusCode::TOO_MANY_REQUESTS | StatusCode::UNAUTHORIZED);
    if again {
        app.storage().forget_request(ticket).await?;
    } else {
        let headers: Vec<(&str, &[u8])> =
            parts.headers.iter().map(|(name, value)| (name.as_str(), value.as_bytes())).collect();
        let headers = serde_json::to_vec(&headers).map_err(|_| Problem::internal())?;
        let seal = |plain: &[u8]| BASE64.encode(&app.master().seal(plain, &context(scope, key)));
        let answer =
            StoredAnswer { status: parts.status.as_u16(), headers: seal(&headers), body: seal(&body) };
        app.storage().finish_request(ticket, answer, app.now()).await?;
    }
    Ok(Response::from_parts(parts, Body::from(body)))
}

fn replay(app: &App, scope: &str, key: &str, answer: &StoredAnswer) -> Answer<Response> {
    let open = |sealed: &str| -> Option<Vec<u8>> {
        let sealed = BASE64.decode(sealed.as_bytes()).ok()?;
        Some(app.master().open(&sealed, &context(scope, key)).ok()?.to_vec())
    };
    let kept = open(&answer.headers).zip(open(&answer.body)).zip(StatusCode::from_u16(answer.status).ok());
    let Some(((headers, body), status)) = kept else { return Err(Problem::internal()) };
    let named: Vec<(String, Vec<u8>)> = serde_json::from_slice(&headers).map_err(|_| Problem::internal())?;
    let mut headers = HeaderMap::new();
    for (name, value) in named {
        if let (Ok(name), Ok(value)) = (name.parse::<HeaderName>(), HeaderValue::from_bytes(&value)) {
            headers.append(name, value);
        }
    }
    headers.insert(REPLAYED, HeaderValue::from_static("true"));
    Ok((status, headers, Bytes::from(body)).into_response())
}
