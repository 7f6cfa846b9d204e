//! `POST /auth/logout`.

use crate::app::App;
use crate::extract::Person;
use crate::identity::end_cookies;
use crate::problem::Answer;
use axum::extract::State;
use axum::http::StatusCode;
use axum_extra::extract::CookieJar;
use squad_storage::SessionEnd;

/// Signs out here
///
/// Ends the session that asks.
#[utoipa::path(
    post,
    path = "/auth/logout",
    operation_id = "logout",
    tag = "identity",
    responses((status = 204, description = "Signed out")),
)]
pub(crate) async fn handler(
    State(app): State<App>,
    jar: CookieJar,
    person: Person,
) -> Answer<(CookieJar, StatusCode)> {
    let at = person.caller.at;
    app.storage().end_session(person.id(), person.session, SessionEnd::SignedOut, at).await?;
    app.storage()
        .audit_sign_in(person.id(), &person.caller.author(), "user.signed_out", serde_json::json!({}))
        .await?;
    Ok((end_cookies(&app, jar), StatusCode::NO_CONTENT))
}
