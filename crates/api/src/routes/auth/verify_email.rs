//! `POST /auth/verify-email`.

use crate::app::App;
use crate::extract::Json;
use crate::problem::{Answer, Code, Problem};
use axum::extract::State;
use axum::http::StatusCode;
use garde::Validate;
use serde::Deserialize;
use squad_secrets::token::{Kind, OpaqueToken};
use utoipa::ToSchema;

/// What stands in the mailed link.
#[derive(Debug, Deserialize, Validate, ToSchema)]
pub(crate) struct VerifyEmail {
    /// The part of the link after `token=`.
    #[garde(length(max = 200))]
    #[schema(example = "sqe_000000000000000000000000000000000000000000034onZ8")]
    token: String,
}

/// Shows that an address is theirs
///
/// With the token of the link that was mailed to it. The address becomes the account's own.
#[utoipa::path(
    post,
    path = "/auth/verify-email",
    operation_id = "verify_email",
    tag = "identity",
    request_body = VerifyEmail,
    responses((status = 204, description = "The address is verified"), (status = 410, description = "The link is not good any more", body = crate::problem::ProblemBody, content_type = "application/problem+json")),
)]
pub(crate) async fn handler(State(app): State<App>, Json(body): Json<VerifyEmail>) -> Answer<StatusCode> {
    let gone = || {
        Problem::new(Code::LinkRefused, "the link was used, has expired, or is incomplete; ask for a new one")
    };
    let token = OpaqueToken::parse_as(Kind::EmailLink, body.token.trim()).map_err(|_| gone())?;
    app.storage().verify_email(&token.hash().to_hex(), app.now()).await?.ok_or_else(gone)?;
    Ok(StatusCode::NO_CONTENT)
}
