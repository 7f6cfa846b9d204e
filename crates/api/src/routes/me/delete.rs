//! `POST /me/delete`.

use super::second_factor::prove;
use crate::app::App;
use crate::extract::{Json, Person};
use crate::identity::end_cookies;
use crate::problem::{Answer, Code, Problem};
use axum::extract::State;
use axum::http::StatusCode;
use axum_extra::extract::CookieJar;
use garde::Validate;
use serde::Deserialize;
use squad_domain::ids::OrgId;
use squad_storage::UserDeletion;
use utoipa::ToSchema;

/// Somebody who wants to be forgotten.
#[derive(Debug, Deserialize, Validate, ToSchema)]
pub(crate) struct DeleteMe {
    /// The present password.
    #[garde(length(bytes, max = 1024))]
    #[schema(example = "quiet-otter-under-9-bridges", format = Password)]
    current_password: String,
    /// A code of the authenticator app, or a recovery code, where a second factor is set up.
    #[garde(inner(length(max = 64)))]
    #[schema(example = "123456")]
    code: Option<String>,
}

/// Deletes the account
///
/// With its sessions, API keys and memberships, and the organizations in which nobody else is. Refused while it is the only
/// owner of one in which others are.
#[utoipa::path(
    post,
    path = "/me/delete",
    operation_id = "delete_me",
    tag = "account",
    request_body = DeleteMe,
    responses((status = 204, description = "It is gone")),
)]
pub(crate) async fn handler(
    State(app): State<App>,
    jar: CookieJar,
    person: Person,
    Json(body): Json<DeleteMe>,
) -> Answer<(CookieJar, StatusCode)> {
    prove(&app, &person, body.current_password, body.code.as_deref()).await?;
    let (author, local) = (person.caller.author(), app.config().local_org);
    match app.storage().delete_user(&author, person.id(), local).await? {
        UserDeletion::Done(_) => Ok((end_cookies(&app, jar), StatusCode::NO_CONTENT)),
        UserDeletion::NotFound => Err(Problem::not_found("account")),
        UserDeletion::OnlyOwner(organizations) => Err(Problem::new(
            Code::Conflict,
            format!("you are the only owner of {}: hand it over first", names(&organizations)),
        )),
        UserDeletion::Busy(organizations) => Err(Problem::new(
            Code::Conflict,
            format!(
                "work is under way in {}, which would go with the account: cancel it, or wait",
                names(&organizations)
            ),
        )),
    }
}

fn names(organizations: &[(OrgId, String)]) -> String {
    organizations.iter().map(|(id, name)| format!("`{name}` ({id})")).collect::<Vec<_>>().join(", ")
}
