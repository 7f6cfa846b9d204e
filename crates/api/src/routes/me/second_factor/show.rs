//! `GET /me/second-factor`.

use crate::app::App;
use crate::dto::second_factor::SecondFactor;
use crate::extract::Person;
use crate::problem::Answer;
use axum::Json;
use axum::extract::State;

/// Whether signing in needs a code
#[utoipa::path(
    get,
    path = "/me/second-factor",
    operation_id = "show_second_factor",
    tag = "account",
    responses((status = 200, description = "The second factor", body = SecondFactor)),
)]
pub(crate) async fn handler(State(app): State<App>, person: Person) -> Answer<Json<SecondFactor>> {
    Ok(Json(app.storage().totp(person.id()).await?.into()))
}
