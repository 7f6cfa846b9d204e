//! `GET /organizations/{id}/members`, `PATCH` and `DELETE /organizations/{id}/members/{user_id}`.

use crate::dto::organization::OrganizationMember;
use crate::dto::slugs;
use crate::extract::{InOrganization, Json, List, Origin, PageQuery, Path, may};
use crate::problem::{Answer, Code, Problem};
use axum::http::StatusCode;
use garde::Validate;
use serde::Deserialize;
use squad_domain::ids::UserId;
use squad_domain::permission::{OrgRole, Permission};
use squad_storage::{OrgMemberChange, OrgMemberRow};
use utoipa::ToSchema;
use uuid::Uuid;

/// Another role.
#[derive(Debug, Deserialize, Validate, ToSchema)]
pub(crate) struct ChangeRole {
    /// What they shall be.
    #[garde(skip)]
    #[schema(schema_with = slugs::role)]
    role: OrgRole,
}

/// Who is in an organization
///
/// In pages; whoever has the newest account comes first.
#[utoipa::path(
    get,
    path = "/organizations/{id}/members",
    operation_id = "list_organization_members",
    tag = "organizations",
    extensions(("x-permission" = json!("org:read"))),
    params(("id" = Uuid, Path, description = "Which organization"), PageQuery),
    responses((status = 200, description = "The members", body = List<OrganizationMember>)),
)]
pub(crate) async fn list(
    within: InOrganization<may::ReadOrg>,
    page: PageQuery,
) -> Answer<Json<List<OrganizationMember>>> {
    let rows = within.permitted.tenant.org_members(page.by_id()?).await?;
    Ok(Json(List::page(rows, page.limit()?, |row| row.user.0, OrganizationMember::from)))
}

/// Changes somebody's role
///
/// Nobody gives a role above their own, or takes one from somebody above them. There is always an owner.
#[utoipa::path(
    patch,
    path = "/organizations/{id}/members/{user_id}",
    operation_id = "change_organization_role",
    tag = "organizations",
    extensions(("x-permission" = json!("members:manage"))),
    params(("id" = Uuid, Path, description = "Which organization"), ("user_id" = Uuid, Path, description = "Whose account")),
    request_body = ChangeRole,
    responses((status = 200, description = "The member as they are now", body = OrganizationMember)),
)]
pub(crate) async fn change(
    within: InOrganization<may::ManageMembers>,
    Path(ids): Path<(Uuid, Uuid)>,
    Json(body): Json<ChangeRole>,
) -> Answer<Json<OrganizationMember>> {
    let (permitted, user) = (within.permitted, UserId(ids.1));
    let changed =
        permitted.tenant.change_org_role(&permitted.author(), permitted.role, user, body.role).await?;
    Ok(Json(done(changed)?.into()))
}

/// Removes somebody, or leaves
///
/// With their API keys for this organization. Everybody may leave; who removes somebody else needs `members:manage`. The
/// last owner stays.
#[utoipa::path(
    delete,
    path = "/organizations/{id}/members/{user_id}",
    operation_id = "remove_organization_member",
    tag = "organizations",
    extensions(("x-permission" = json!("members:manage"))),
    params(("id" = Uuid, Path, description = "Which organization"), ("user_id" = Uuid, Path, description = "Whose account")),
    responses((status = 204, description = "They are not in it any more")),
)]
pub(crate) async fn remove(
    within: InOrganization<may::ReadOrg>,
    Path(ids): Path<(Uuid, Uuid)>,
) -> Answer<StatusCode> {
    let (permitted, user, author) = (&within.permitted, UserId(ids.1), within.permitted.author());
    // A key that may only look does not take its owner out.
    let leaves = permitted.caller.user.id == user && matches!(permitted.caller.origin, Origin::Session(_));
    let removed = if leaves {
        permitted.tenant.leave_organization(&author, user).await?
    } else {
        permitted.also(Permission::ManageMembers)?;
        permitted.tenant.remove_org_member(&author, permitted.role, user).await?
    };
    done(removed)?;
    Ok(StatusCode::NO_CONTENT)
}

fn done(change: OrgMemberChange) -> Answer<OrgMemberRow> {
    match change {
        OrgMemberChange::Done(row) => Ok(row),
        OrgMemberChange::LastOwner => Err(Problem::new(
            Code::Conflict,
            "they are the only owner: make somebody else one first, or delete the organization",
        )),
        OrgMemberChange::TooPowerful => Err(Problem::new(
            Code::Forbidden,
            "nobody gives a role above their own, or changes somebody above them: ask an owner",
        )),
        OrgMemberChange::NotFound => Err(Problem::not_found("member")),
    }
}
