//! `GET /me/sessions`, `DELETE /me/sessions/{id}`.

use crate::app::App;
use crate::dto::user::Session;
use crate::extract::{List, Path, Person};
use crate::problem::{Answer, Problem};
use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use squad_domain::ids::SessionId;
use squad_storage::SessionEnd;
use uuid::Uuid;

/// Where they are signed in
///
/// All sessions that are not over, the one used last coming first.
#[utoipa::path(
    get,
    path = "/me/sessions",
    operation_id = "list_sessions",
    tag = "account",
    responses((status = 200, description = "The sessions", body = List<Session>)),
)]
pub(crate) async fn list(State(app): State<App>, person: Person) -> Answer<Json<List<Session>>> {
    let rows = app.storage().sessions(person.id(), person.caller.at).await?;
    let shown = rows.into_iter().map(|row| {
        let current = row.id == person.session;
        Session::new(row, current)
    });
    Ok(Json(List::whole(shown.collect())))
}

/// Signs a device out
#[utoipa::path(
    delete,
    path = "/me/sessions/{id}",
    operation_id = "end_session",
    tag = "account",
    params(("id" = Uuid, Path, description = "Which session")),
    responses((status = 204, description = "It is over")),
)]
pub(crate) async fn end(State(app): State<App>, person: Person, Path(id): Path<Uuid>) -> Answer<StatusCode> {
    let at = person.caller.at;
    if !app.storage().end_session(person.id(), SessionId(id), SessionEnd::SignedOut, at).await? {
        return Err(Problem::not_found("session"));
    }
    let details = serde_json::json!({ "session": id });
    app.storage().audit_sign_in(person.id(), &person.caller.author(), "user.session_ended", details).await?;
    Ok(StatusCode::NO_CONTENT)
}
