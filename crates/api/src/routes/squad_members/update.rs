//! `PATCH /members/{id}`.

use super::{changed, check, find};
use crate::app::App;
use crate::dto::squad_member::{SquadMember, UpdateMember};
use crate::extract::{IfMatch, Json, Path, Permitted, Versioned, may};
use crate::problem::Answer;
use axum::extract::State;
use squad_storage::MemberChange;
use uuid::Uuid;

/// Changes a member
///
/// Makes a revision, unless nothing changes. Executions that run already go on with the member as it was.
#[utoipa::path(
    patch,
    path = "/members/{id}",
    operation_id = "update_squad_member",
    tag = "squads",
    extensions(("x-permission" = json!("squads:write"))),
    params(("id" = Uuid, Path, description = "Which member")),
    request_body = UpdateMember,
    responses((
        status = 200,
        description = "The member as it is now",
        body = SquadMember,
        headers(("ETag" = String, description = "Its version")),
    )),
)]
pub(crate) async fn handler(
    State(app): State<App>,
    permitted: Permitted<may::WriteSquads>,
    Path(id): Path<Uuid>,
    IfMatch(expected): IfMatch,
    Json(body): Json<UpdateMember>,
) -> Answer<Versioned<SquadMember>> {
    let (author, note) = (permitted.author(), body.note.as_deref().unwrap_or_default());
    let mut row = find(&permitted, id).await?;
    loop {
        let member = body.apply(&row.member)?;
        check(&app, "", &member)?;
        let version = expected.unwrap_or(row.version);
        match permitted.tenant.update_member(&author, id, Some(version), member, note).await? {
            // Another change came in between: this one is made to what that left.
            MemberChange::Stale(newer) if expected.is_none() => row = newer,
            change => return changed(change),
        }
    }
}
