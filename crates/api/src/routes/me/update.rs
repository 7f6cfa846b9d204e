//! `PATCH /me`.

use super::Me;
use crate::app::App;
use crate::dto::rules;
use crate::extract::{Json, Person};
use crate::problem::{Answer, Problem};
use axum::extract::State;
use garde::Validate;
use serde::Deserialize;
use utoipa::ToSchema;

/// What of an account may be changed at once. Address and password have routes of their own.
#[derive(Debug, Deserialize, Validate, ToSchema)]
pub(crate) struct UpdateMe {
    /// What people shall call them.
    #[garde(custom(rules::optional_name))]
    #[schema(example = "Ada King")]
    name: Option<String>,
}

/// Changes the profile
#[utoipa::path(
    patch,
    path = "/me",
    operation_id = "update_me",
    tag = "account",
    request_body = UpdateMe,
    responses((status = 200, description = "The account as it is now", body = Me)),
)]
pub(crate) async fn handler(
    State(app): State<App>,
    person: Person,
    Json(body): Json<UpdateMe>,
) -> Answer<axum::Json<Me>> {
    let mut caller = person.caller;
    if let Some(name) = &body.name {
        let renamed = app.storage().rename_user(caller.user.id, name.trim(), caller.at).await?;
        caller.user = renamed.ok_or_else(|| Problem::not_found("account"))?;
    }
    let memberships = app.storage().memberships(caller.user.id).await?;
    Ok(axum::Json(Me::new(caller, memberships)))
}
