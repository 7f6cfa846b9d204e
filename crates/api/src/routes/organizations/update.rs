//! `PATCH /organizations/{id}`.

use crate::dto::organization::Organization;
use crate::dto::rules;
use crate::extract::{IfMatch, InOrganization, Json, Versioned, may};
use crate::problem::{Answer, Problem};
use garde::Validate;
use serde::Deserialize;
use squad_storage::{Change, Membership};
use utoipa::ToSchema;

/// What shall be different.
#[derive(Debug, Deserialize, Validate, ToSchema)]
pub(crate) struct UpdateOrganization {
    /// Its new name.
    #[garde(custom(rules::optional_name))]
    #[schema(example = "Difference Engines")]
    name: Option<String>,
}

/// Changes an organization
#[utoipa::path(
    patch,
    path = "/organizations/{id}",
    operation_id = "update_organization",
    tag = "organizations",
    extensions(("x-permission" = json!("org:update"))),
    params(("id" = Uuid, Path, description = "Which organization")),
    request_body = UpdateOrganization,
    responses((status = 200, description = "The organization as it is now", body = Organization)),
)]
pub(crate) async fn handler(
    within: InOrganization<may::UpdateOrg>,
    IfMatch(expected): IfMatch,
    Json(body): Json<UpdateOrganization>,
) -> Answer<Versioned<Organization>> {
    let InOrganization { permitted, membership } = within;
    let Some(name) = body.name else {
        return Ok(Versioned(membership.organization.version(), membership.into()));
    };
    match permitted.tenant.rename_organization(&permitted.author(), expected, name.trim()).await? {
        Change::Done(organization) => {
            let version = organization.version();
            Ok(Versioned(version, Membership { organization, ..membership }.into()))
        }
        Change::Stale(organization) => Err(Problem::stale(organization.version())),
        Change::NotFound => Err(Problem::not_found("organization")),
    }
}
