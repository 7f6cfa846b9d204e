//! `POST /auth/verify-email/resend`.

use super::Accepted;
use super::forgot_password::Address;
use crate::app::App;
use crate::dto::rules;
use crate::extract::Json;
use crate::identity::links;
use crate::problem::Answer;
use axum::extract::State;
use axum::http::StatusCode;

/// Mails the link to an address once more
///
/// Earlier links to it are good no more. Does nothing where the address is verified, or has no account.
#[utoipa::path(
    post,
    path = "/auth/verify-email/resend",
    operation_id = "resend_verification",
    tag = "identity",
    request_body = Address,
    responses((status = 202, description = "A mail may be on its way", body = Accepted)),
)]
pub(crate) async fn handler(
    State(app): State<App>,
    Json(body): Json<Address>,
) -> Answer<(StatusCode, axum::Json<Accepted>)> {
    let account = app.storage().account_of(&rules::address(&body.email)).await?;
    if let Some(account) = account.filter(|account| account.user.email_verified_at.is_none()) {
        links::verify(&app, &account.user, &account.user.email, app.now()).await?;
    }
    Ok((StatusCode::ACCEPTED, axum::Json(Accepted::MAIL)))
}
