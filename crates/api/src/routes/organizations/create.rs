//! `POST /organizations`.

use crate::app::App;
use crate::dto::organization::Organization;
use crate::dto::rules;
use crate::extract::{Json, Person, Versioned};
use crate::problem::{Answer, Problem};
use axum::extract::State;
use axum::http::StatusCode;
use axum::http::header::LOCATION;
use axum::response::IntoResponse;
use garde::Validate;
use serde::Deserialize;
use squad_domain::ids::OrgId;
use squad_domain::permission::OrgRole;
use squad_storage::Membership;
use utoipa::ToSchema;

/// An organization that shall be.
#[derive(Debug, Deserialize, Validate, ToSchema)]
pub(crate) struct CreateOrganization {
    /// Its name.
    #[garde(custom(rules::name))]
    #[schema(example = "Analytical Engines")]
    name: String,
}

/// Makes an organization
///
/// Whoever makes it owns it. The session stays where it is; `POST /organizations/{id}/switch` goes there.
#[utoipa::path(
    post,
    path = "/organizations",
    operation_id = "create_organization",
    tag = "organizations",
    request_body = CreateOrganization,
    responses((status = 201, description = "The organization", body = Organization, headers(("location" = String, description = "Its address")))),
)]
pub(crate) async fn handler(
    State(app): State<App>,
    person: Person,
    Json(body): Json<CreateOrganization>,
) -> Answer<impl IntoResponse> {
    let (id, author) = (OrgId(app.new_id()), person.caller.author());
    let made = app.storage().create_organization(&author, person.id(), id, body.name.trim()).await?;
    let organization = made.ok_or_else(|| Problem::not_found("account"))?;
    let (version, location) = (organization.version(), format!("/api/v1/organizations/{id}"));
    let membership = Membership { since: organization.created_at, organization, role: OrgRole::Owner };
    let body = Versioned(version, Organization::from(membership));
    Ok((StatusCode::CREATED, [(LOCATION, location)], body))
}
