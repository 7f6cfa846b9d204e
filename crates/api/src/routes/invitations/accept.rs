//! `POST /invitations/accept`.

use super::InvitationToken;
use crate::app::App;
use crate::dto::organization::Organization;
use crate::extract::{Json, Person};
use crate::identity::invitations;
use crate::problem::{Answer, Code, Problem};
use axum::extract::State;

/// Joins an organization
///
/// With the token of the mailed link, and the account of the address that it was sent to. The session stays where it is;
/// `POST /organizations/{id}/switch` goes there.
#[utoipa::path(
    post,
    path = "/invitations/accept",
    operation_id = "accept_invitation",
    tag = "organizations",
    request_body = InvitationToken,
    responses(
        (status = 200, description = "The organization, which they are in now", body = Organization),
        (status = 410, description = "The invitation is not good any more", body = crate::problem::ProblemBody, content_type = "application/problem+json"),
    ),
)]
pub(crate) async fn handler(
    State(app): State<App>,
    person: Person,
    Json(body): Json<InvitationToken>,
) -> Answer<Json<Organization>> {
    if person.user.email_verified_at.is_none() {
        return Err(Problem::new(
            Code::EmailNotVerified,
            "follow the link in the mail to your address first",
        ));
    }
    let org = invitations::accept(&app, &person.user, &person.caller.author(), &body.token).await?;
    let membership = app.storage().membership(person.id(), org).await?;
    Ok(Json(membership.ok_or_else(|| Problem::not_found("organization"))?.into()))
}
