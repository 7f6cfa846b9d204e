//! `POST /me/second-factor/recovery-codes`.

use super::{Proof, hashes, none, prove};
use crate::app::App;
use crate::dto::second_factor::RecoveryCodes;
use crate::extract::{Json, Person};
use crate::problem::Answer;
use axum::extract::State;
use squad_secrets::totp::RecoveryCode;

/// Makes new recovery codes
///
/// They are shown this once. The earlier ones are good no more.
#[utoipa::path(
    post,
    path = "/me/second-factor/recovery-codes",
    operation_id = "replace_recovery_codes",
    tag = "account",
    request_body = Proof,
    responses((status = 200, description = "The codes", body = RecoveryCodes)),
)]
pub(crate) async fn handler(
    State(app): State<App>,
    person: Person,
    Json(body): Json<Proof>,
) -> Answer<Json<RecoveryCodes>> {
    prove(&app, &person, body.current_password, Some(&body.code)).await?;
    let codes = RecoveryCode::generate();
    if !app.storage().replace_recovery_codes(person.id(), hashes(&codes, person.id())).await? {
        return Err(none());
    }
    let author = person.caller.author();
    app.storage()
        .audit_sign_in(person.id(), &author, "user.recovery_codes_replaced", serde_json::json!({}))
        .await?;
    Ok(Json(codes.as_slice().into()))
}
