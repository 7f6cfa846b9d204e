//! `GET /me`.

use super::Me;
use crate::app::App;
use crate::extract::Caller;
use crate::problem::Answer;
use axum::Json;
use axum::extract::State;

/// Who is asking
///
/// The account, the organizations that it belongs to, and what it may do in the present one.
#[utoipa::path(
    get,
    path = "/me",
    operation_id = "show_me",
    tag = "account",
    responses((status = 200, description = "The account", body = Me)),
)]
pub(crate) async fn handler(State(app): State<App>, caller: Caller) -> Answer<Json<Me>> {
    let memberships = app.storage().memberships(caller.user.id).await?;
    Ok(Json(Me::new(caller, memberships)))
}
