//! `POST /me/second-factor/confirm`.

use super::hashes;
use crate::app::App;
use crate::dto::second_factor::RecoveryCodes;
use crate::extract::{Json, Person};
use crate::identity::second_factor;
use crate::problem::{Answer, Code, Problem};
use axum::extract::State;
use garde::Validate;
use serde::Deserialize;
use squad_secrets::totp::RecoveryCode;
use utoipa::ToSchema;

/// What the app shows.
#[derive(Debug, Deserialize, Validate, ToSchema)]
pub(crate) struct ConfirmSecondFactor {
    /// The code.
    #[garde(length(max = 64))]
    #[schema(example = "123456")]
    code: String,
}

/// Sets the second factor up
///
/// With a code that shows that the app has the secret. From now on, signing in needs one. The recovery codes, for the day
/// on which the phone is gone, are shown this once.
#[utoipa::path(
    post,
    path = "/me/second-factor/confirm",
    operation_id = "confirm_second_factor",
    tag = "account",
    request_body = ConfirmSecondFactor,
    responses((status = 200, description = "The recovery codes", body = RecoveryCodes)),
)]
pub(crate) async fn handler(
    State(app): State<App>,
    person: Person,
    Json(body): Json<ConfirmSecondFactor>,
) -> Answer<Json<RecoveryCodes>> {
    let (storage, user, at) = (app.storage(), person.id(), person.caller.at);
    let waits =
        storage.totp(user).await?.filter(|row| row.confirmed_at.is_none()).ok_or_else(nothing_waits)?;
    let secret = second_factor::open(&app, user, &waits.secret_sealed)?;
    let step = secret.verify(&body.code, at, None);
    let step =
        step.ok_or_else(|| Problem::field("code", "is not what the app shows now; check the phone's clock"))?;
    let codes = RecoveryCode::generate();
    if !storage.confirm_totp(user, &waits.secret_sealed, step.0, hashes(&codes, user), at).await? {
        return Err(nothing_waits());
    }
    let author = person.caller.author();
    storage.audit_sign_in(user, &author, "user.second_factor_enabled", serde_json::json!({})).await?;
    Ok(Json(codes.as_slice().into()))
}

fn nothing_waits() -> Problem {
    Problem::new(
        Code::Conflict,
        "no second factor waits to be confirmed; begin with `POST /me/second-factor`",
    )
}
