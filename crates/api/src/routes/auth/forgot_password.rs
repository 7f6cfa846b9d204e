//! `POST /auth/forgot-password`.

use super::Accepted;
use crate::app::App;
use crate::dto::rules;
use crate::extract::Json;
use crate::identity::links;
use crate::problem::Answer;
use axum::extract::State;
use axum::http::StatusCode;
use garde::Validate;
use serde::Deserialize;
use utoipa::ToSchema;

/// An address.
#[derive(Debug, Deserialize, Validate, ToSchema)]
pub(crate) struct Address {
    /// The address.
    #[garde(custom(rules::email))]
    #[schema(example = "ada@example.com")]
    pub(super) email: String,
}

/// Mails a link to a new password
///
/// Does nothing where the address has no account; the answer is the same.
#[utoipa::path(
    post,
    path = "/auth/forgot-password",
    operation_id = "forgot_password",
    tag = "identity",
    request_body = Address,
    responses((status = 202, description = "A mail may be on its way", body = Accepted)),
)]
pub(crate) async fn handler(
    State(app): State<App>,
    Json(body): Json<Address>,
) -> Answer<(StatusCode, axum::Json<Accepted>)> {
    if let Some(account) = app.storage().account_of(&rules::address(&body.email)).await? {
        links::reset(&app, &account.user, app.now()).await?;
    }
    Ok((StatusCode::ACCEPTED, axum::Json(Accepted::MAIL)))
}
