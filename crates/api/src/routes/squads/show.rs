//! `GET /squads/{id}`.

use super::find;
use crate::dto::squad::SquadDetails;
use crate::extract::{Path, Permitted, Versioned, may};
use crate::problem::Answer;
use squad_domain::ids::SquadId;
use uuid::Uuid;

/// One squad, with its members
///
/// The `ETag` is the version of the squad's own settings; each member has a version of its own.
#[utoipa::path(
    get,
    path = "/squads/{id}",
    operation_id = "show_squad",
    tag = "squads",
    extensions(("x-permission" = json!("squads:read"))),
    params(("id" = Uuid, Path, description = "Which squad")),
    responses((
        status = 200,
        description = "The squad",
        body = SquadDetails,
        headers(("ETag" = String, description = "Its version")),
    )),
)]
pub(crate) async fn handler(
    permitted: Permitted<may::ReadSquads>,
    Path(id): Path<Uuid>,
) -> Answer<Versioned<SquadDetails>> {
    let squad = find(&permitted, id).await?;
    let members = permitted.tenant.members(SquadId(id)).await?;
    Ok(Versioned(squad.version, SquadDetails::new(squad, members)))
}
