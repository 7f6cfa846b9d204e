//! `GET /members/{id}`.

use super::find;
use crate::dto::squad_member::SquadMember;
use crate::extract::{Path, Permitted, Versioned, may};
use crate::problem::Answer;
use uuid::Uuid;

/// One member of a squad
#[utoipa::path(
    get,
    path = "/members/{id}",
    operation_id = "show_squad_member",
    tag = "squads",
    extensions(("x-permission" = json!("squads:read"))),
    params(("id" = Uuid, Path, description = "Which member")),
    responses((
        status = 200,
        description = "The member",
        body = SquadMember,
        headers(("ETag" = String, description = "Its version")),
    )),
)]
pub(crate) async fn handler(
    permitted: Permitted<may::ReadSquads>,
    Path(id): Path<Uuid>,
) -> Answer<Versioned<SquadMember>> {
    let row = find(&permitted, id).await?;
    Ok(Versioned(row.version, row.into()))
}
