//! `GET /organizations/{id}`.

use crate::dto::organization::Organization;
use crate::extract::{InOrganization, Versioned, may};
use crate::problem::Answer;

/// One organization
#[utoipa::path(
    get,
    path = "/organizations/{id}",
    operation_id = "show_organization",
    tag = "organizations",
    extensions(("x-permission" = json!("org:read"))),
    params(("id" = Uuid, Path, description = "Which organization")),
    responses((status = 200, description = "The organization", body = Organization)),
)]
pub(crate) async fn handler(within: InOrganization<may::ReadOrg>) -> Answer<Versioned<Organization>> {
    Ok(Versioned(within.membership.organization.version(), within.membership.into()))
}
