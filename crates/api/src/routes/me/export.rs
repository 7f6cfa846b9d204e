//! `GET /me/export`.

use crate::app::App;
use crate::extract::Person;
use crate::problem::{Answer, Problem};
use axum::Json;
use axum::extract::State;
use axum::http::header::CONTENT_DISPOSITION;
use axum::response::IntoResponse;

/// Everything that is stored about oneself
///
/// As a file to take away: the account, sessions, memberships, API keys, links, invitations, and what the audit logs say
/// that they did. No password, no hash, no secret.
#[utoipa::path(
    get,
    path = "/me/export",
    operation_id = "export_me",
    tag = "account",
    responses((status = 200, description = "The data", body = std::collections::BTreeMap<String, serde_json::Value>)),
)]
pub(crate) async fn handler(State(app): State<App>, person: Person) -> Answer<impl IntoResponse> {
    let storage = app.storage();
    let export = storage.export_user(person.id()).await?.ok_or_else(|| Problem::not_found("account"))?;
    storage
        .audit_sign_in(person.id(), &person.caller.author(), "user.data_exported", serde_json::json!({}))
        .await?;
    Ok(([(CONTENT_DISPOSITION, "attachment; filename=\"agent-squad-account.json\"")], Json(export)))
}
