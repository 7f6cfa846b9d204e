//! `POST /auth/reset-password`.

use crate::app::App;
use crate::extract::Json;
use crate::problem::{Answer, Code, Problem};
use axum::extract::State;
use axum::http::StatusCode;
use garde::Validate;
use serde::Deserialize;
use squad_secrets::password::{Owner, Password};
use squad_secrets::token::{Kind, OpaqueToken};
use utoipa::ToSchema;

/// A new password, and what stands in the mailed link.
#[derive(Debug, Deserialize, Validate, ToSchema)]
pub(crate) struct ResetPassword {
    /// The part of the link after `token=`.
    #[garde(length(max = 200))]
    #[schema(example = "sqe_000000000000000000000000000000000000000000034onZ8")]
    token: String,
    /// At least 10 bytes that are not easily guessed.
    #[garde(skip)]
    #[schema(example = "quiet-otter-under-9-bridges", format = Password)]
    password: String,
}

/// Sets a new password
///
/// With the token of the mailed link. Ends all sessions of the account.
#[utoipa::path(
    post,
    path = "/auth/reset-password",
    operation_id = "reset_password",
    tag = "identity",
    request_body = ResetPassword,
    responses((status = 204, description = "The password is set"), (status = 410, description = "The link is not good any more", body = crate::problem::ProblemBody, content_type = "application/problem+json")),
)]
pub(crate) async fn handler(State(app): State<App>, Json(body): Json<ResetPassword>) -> Answer<StatusCode> {
    let gone = || {
        Problem::new(Code::LinkRefused, "the link was used, has expired, or is incomplete; ask for a new one")
    };
    let token = OpaqueToken::parse_as(Kind::EmailLink, body.token.trim()).map_err(|_| gone())?;
    // Whose it is shows only when the link is used, so name and address cannot be held against the password here.
    let password = Password::new(body.password, Owner { email: "", name: "" })
        .map_err(|error| Problem::field("password", error.to_string()))?;
    let hash = app.hasher().hash(password).await?;
    let (storage, now) = (app.storage(), app.now());
    let link = storage.reset_password(&token.hash().to_hex(), &hash, now).await?.ok_or_else(gone)?;
    storage.login_succeeded(&format!("account:{}", link.email)).await?;
    Ok(StatusCode::NO_CONTENT)
}
