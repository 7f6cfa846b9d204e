//! `POST /auth/logout-all`.

use crate::app::App;
use crate::extract::Person;
use crate::identity::end_cookies;
use crate::problem::Answer;
use axum::extract::State;
use axum::http::StatusCode;
use axum_extra::extract::CookieJar;
use squad_storage::SessionEnd;

/// Signs out everywhere
///
/// Ends all sessions of the account, the one that asks among them. API keys stay.
#[utoipa::path(
    post,
    path = "/auth/logout-all",
    operation_id = "logout_all",
    tag = "identity",
    responses((status = 204, description = "Signed out")),
)]
pub(crate) async fn handler(
    State(app): State<App>,
    jar: CookieJar,
    person: Person,
) -> Answer<(CookieJar, StatusCode)> {
    app.storage().end_sessions(person.id(), None, SessionEnd::SignedOut, person.caller.at).await?;
    app.storage()
        .audit_sign_in(
            person.id(),
            &person.caller.author(),
            "user.signed_out_everywhere",
            serde_json::json!({}),
        )
        .await?;
    Ok((end_cookies(&app, jar), StatusCode::NO_CONTENT))
}
