//! `GET /executions/{id}/events`, `GET /squads/{id}/events`, `GET /events`: what happens, live (Server-Sent Events or
//! WebSocket) or in pages (JSON).

use crate::app::App;
use crate::dto::moment::Moment;
use crate::extract::{List, Path, Permitted, Query, may};
use crate::problem::{Answer, Code, Problem};
use crate::stream::{self, Reader, Watcher, placed};
use axum::Json;
use axum::extract::ws::WebSocketUpgrade;
use axum::extract::{FromRequestParts, State};
use axum::http::header;
use axum::http::request::Parts;
use axum::response::{IntoResponse as _, Response};
use serde::{Deserialize, Serialize};
use squad_domain::ids::{ExecutionId, SquadId};
use squad_storage::Topic;
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

/// From where on.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct From {
    /// Events after this id; 0, or left out: from the first. The header `Last-Event-ID` wins.
    #[param(minimum = 0)]
    after: Option<u64>,
    /// For JSON: at most so many, up to 1000.
    #[param(minimum = 1, maximum = 1000, default = 200)]
    limit: Option<u64>,
    /// For streams of an execution: whether to send words while they are being said, as `delta`, without an id.
    #[param(default = true)]
    deltas: Option<bool>,
}

/// An event. `docs/events.md` lists every kind with its payload.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Event {
    /// Its place in what is watched: `after` and `Last-Event-ID` name it.
    id: u64,
    /// Its place in its execution, from 1.
    seq: u64,
    /// When.
    at: Moment,
    /// What.
    #[schema(example = "message_sent")]
    kind: String,
    /// Who: `engine`, `member:<name>`, `person:<name>`.
    #[schema(example = "member:Bea")]
    actor: String,
    /// In which execution.
    execution_id: Uuid,
    /// Of which squad.
    squad_id: Uuid,
    /// The rest, by kind.
    payload: serde_json::Value,
}

/// What happens in an execution
///
/// As `text/event-stream`: every event with its number as `id`, live, a heartbeat each 15 seconds; `Last-Event-ID` goes on
/// exactly where it was. As `application/json`: pages of the log. With an upgrade: the same over WebSocket.
#[utoipa::path(
    get,
    path = "/executions/{id}/events",
    operation_id = "watch_execution",
    tag = "executions",
    extensions(("x-permission" = json!("executions:read"))),
    params(("id" = Uuid, Path, description = "Which execution"), From),
    responses((status = 200, description = "The events", content((List<Event> = "application/json"), (String = "text/event-stream")))),
)]
pub(crate) async fn of_execution(
    State(app): State<App>,
    permitted: Permitted<may::ReadExecutions>,
    Path(id): Path<Uuid>,
    Query(from): Query<From>,
    wish: Wish,
) -> Answer<Response> {
    answer(app, permitted, Topic::Execution(ExecutionId(id)), from, wish).await
}

/// What happens in a squad
///
/// All of its executions in one stream; as for one execution, with ids of its own.
#[utoipa::path(
    get,
    path = "/squads/{id}/events",
    operation_id = "watch_squad",
    tag = "executions",
    extensions(("x-permission" = json!("executions:read"))),
    params(("id" = Uuid, Path, description = "Which squad"), From),
    responses((status = 200, description = "The events", content((List<Event> = "application/json"), (String = "text/event-stream")))),
)]
pub(crate) async fn of_squad(
    State(app): State<App>,
    permitted: Permitted<may::ReadExecutions>,
    Path(id): Path<Uuid>,
    Query(from): Query<From>,
    wish: Wish,
) -> Answer<Response> {
    answer(app, permitted, Topic::Squad(SquadId(id)), from, wish).await
}

/// What happens in the organization
///
/// All executions of all squads in one stream; as for one execution, with ids of its own.
#[utoipa::path(
    get,
    path = "/events",
    operation_id = "watch_organization",
    tag = "executions",
    extensions(("x-permission" = json!("executions:read"))),
    params(From),
    responses((status = 200, description = "The events", content((List<Event> = "application/json"), (String = "text/event-stream")))),
)]
pub(crate) async fn of_organization(
    State(app): State<App>,
    permitted: Permitted<may::ReadExecutions>,
    Query(from): Query<From>,
    wish: Wish,
) -> Answer<Response> {
    answer(app, permitted, Topic::Organization, from, wish).await
}

/// In which form somebody wants the events.
pub(crate) struct Wish {
    form: Form,
    last_event: Option<u64>,
}

enum Form {
    Json,
    Stream,
    Socket(WebSocketUpgrade),
}

impl FromRequestParts<App> for Wish {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Answer<Self> {
        let text = |name: &str| parts.headers.get(name).and_then(|value| value.to_str().ok());
        let last_event = text("last-event-id").map(str::trim).filter(|id| !id.is_empty());
        let last_event = last_event.map(str::parse).transpose().map_err(|_| {
            Problem::new(Code::BadRequest, "`Last-Event-ID` is no id of ours: send the last `id` as it came")
        })?;
        let accept = text(header::ACCEPT.as_str()).unwrap_or("*/*").to_ascii_lowercase();
        let upgrades = text("upgrade").is_some_and(|value| value.eq_ignore_ascii_case("websocket"));
        if upgrades {
            own_page(parts, app)?;
        }
        let form = if upgrades {
            let socket = WebSocketUpgrade::from_request_parts(parts, app).await;
            Form::Socket(socket.map_err(|error| Problem::new(Code::BadRequest, error.body_text()))?)
        } else if accept.contains("text/event-stream") {
            Form::Stream
        } else if accept.contains("json") || accept.contains("*/*") || accept.contains("application/*") {
            Form::Json
        } else {
            return Err(Problem::new(
                Code::NotAcceptable,
                "events come as `text/event-stream` or as `application/json`",
            ));
        };
        Ok(Self { form, last_event })
    }
}

/// Browsers let any page open a WebSocket to us, with our cookies: it has to be one of ours.
fn own_page(parts: &Parts, app: &App) -> Answer<()> {
    let Some(origin) = parts.headers.get(header::ORIGIN).and_then(|value| value.to_str().ok()) else {
        return Ok(());
    };
    let host = parts.headers.get(header::HOST).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let same = origin.split_once("://").is_some_and(|(_, origin)| origin == host);
    let config = app.config();
    if same || origin == config.public_url || config.cors_origins.iter().any(|known| known == origin) {
        return Ok(());
    }
    Err(Problem::new(Code::CsrfRefused, "this page may not open a WebSocket here"))
}

async fn answer(
    app: App,
    permitted: Permitted<may::ReadExecutions>,
    topic: Topic,
    from: From,
    wish: Wish,
) -> Answer<Response> {
    let after = wish.last_event.or(from.after).unwrap_or_default();
    if matches!(wish.form, Form::Json) {
        return page(&permitted, topic, after, from.limit.unwrap_or(200)).await;
    }
    let Permitted { caller, tenant, .. } = permitted;
    let watcher = Watcher { app, caller, tenant, topic, deltas: from.deltas.unwrap_or(true) };
    let reader = Reader::open(watcher, after).await?;
    Ok(match wish.form {
        Form::Socket(upgrade) => upgrade.on_upgrade(|socket| stream::socket(socket, reader)),
        _ => stream::events(reader),
    })
}

async fn page(
    permitted: &Permitted<may::ReadExecutions>,
    topic: Topic,
    after: u64,
    limit: u64,
) -> Answer<Response> {
    if !(1..=1000).contains(&limit) {
        return Err(Problem::field("limit", "is from 1 to 1000"));
    }
    if permitted.tenant.stream_head(topic).await?.is_none() {
        return Err(Problem::not_found(if matches!(topic, Topic::Squad(_)) { "squad" } else { "execution" }));
    }
    let events = permitted.tenant.stream(topic, after, limit).await?;
    let items: Vec<serde_json::Value> = events.iter().map(|event| placed(topic, event)).collect();
    Ok(Json(List::whole(items)).into_response())
}
