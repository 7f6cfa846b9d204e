//! `POST /organizations/{id}/switch`.

use crate::app::App;
use crate::dto::organization::Organization;
use crate::extract::{Json, Path, Person};
use crate::problem::{Answer, Code, Problem};
use axum::extract::State;
use squad_domain::ids::OrgId;
use uuid::Uuid;

/// Works in another organization
///
/// The session's later requests go there, unless they name another one as `x-organization-id`.
#[utoipa::path(
    post,
    path = "/organizations/{id}/switch",
    operation_id = "switch_organization",
    tag = "organizations",
    params(("id" = Uuid, Path, description = "Which organization")),
    responses((status = 200, description = "The organization in which the session works now", body = Organization)),
)]
pub(crate) async fn handler(
    State(app): State<App>,
    person: Person,
    Path(id): Path<Uuid>,
) -> Answer<Json<Organization>> {
    let unknown = || Problem::new(Code::NotFound, "you are in no organization with this id");
    let (org, at) = (OrgId(id), person.caller.at);
    if !app.storage().switch_organization(person.session, person.id(), org, at).await? {
        return Err(unknown());
    }
    let membership = app.storage().membership(person.id(), org).await?;
    Ok(Json(membership.ok_or_else(unknown)?.into()))
}
