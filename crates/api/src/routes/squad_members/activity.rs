//! `POST /members/{id}/deactivate`, `POST /members/{id}/reactivate`.

use super::changed;
use crate::dto::squad_member::SquadMember;
use crate::extract::{IfMatch, Path, Permitted, Versioned, may};
use crate::problem::Answer;
use uuid::Uuid;

/// Lets a member work no more
///
/// It keeps its name, its past and what it is. Refused where the squad could not work without it.
#[utoipa::path(
    post,
    path = "/members/{id}/deactivate",
    operation_id = "deactivate_squad_member",
    tag = "squads",
    extensions(("x-permission" = json!("squads:write"))),
    params(("id" = Uuid, Path, description = "Which member")),
    responses((
        status = 200,
        description = "The member as it is now",
        body = SquadMember,
        headers(("ETag" = String, description = "Its version")),
    )),
)]
pub(crate) async fn deactivate(
    permitted: Permitted<may::WriteSquads>,
    Path(id): Path<Uuid>,
    IfMatch(expected): IfMatch,
) -> Answer<Versioned<SquadMember>> {
    let author = permitted.author();
    changed(permitted.tenant.set_member_active(&author, id, expected, false, "").await?)
}

/// Lets a member work again
#[utoipa::path(
    post,
    path = "/members/{id}/reactivate",
    operation_id = "reactivate_squad_member",
    tag = "squads",
    extensions(("x-permission" = json!("squads:write"))),
    params(("id" = Uuid, Path, description = "Which member")),
    responses((
        status = 200,
        description = "The member as it is now",
        body = SquadMember,
        headers(("ETag" = String, description = "Its version")),
    )),
)]
pub(crate) async fn reactivate(
    permitted: Permitted<may::WriteSquads>,
    Path(id): Path<Uuid>,
    IfMatch(expected): IfMatch,
) -> Answer<Versioned<SquadMember>> {
    let author = permitted.author();
    changed(permitted.tenant.set_member_active(&author, id, expected, true, "").await?)
}
