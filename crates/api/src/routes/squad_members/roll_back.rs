//! `POST /members/{id}/rollback`.

use super::{changed, check, find};
use crate::app::App;
use crate::dto::rules;
use crate::dto::squad_member::SquadMember;
use crate::extract::{IfMatch, Json, Path, Permitted, Versioned, may};
use crate::problem::{Answer, Problem};
use axum::extract::State;
use garde::Validate;
use serde::Deserialize;
use utoipa::ToSchema;
use uuid::Uuid;

/// Back to what it was.
#[derive(Debug, Deserialize, Validate, ToSchema)]
pub(crate) struct RollBack {
    /// To which revision.
    #[garde(skip)]
    #[schema(example = 1, minimum = 1)]
    revision: u64,
    /// Why; kept with the new revision.
    #[garde(custom(rules::optional_at_most::<1_000>))]
    #[schema(example = "It was better before", max_length = 1000)]
    note: Option<String>,
}

/// Makes a member again what it was
///
/// By a new revision, so that nothing of its past is lost. Whether it works stays as it is.
#[utoipa::path(
    post,
    path = "/members/{id}/rollback",
    operation_id = "roll_back_squad_member",
    tag = "squads",
    extensions(("x-permission" = json!("squads:write"))),
    params(("id" = Uuid, Path, description = "Which member")),
    request_body = RollBack,
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
    Json(body): Json<RollBack>,
) -> Answer<Versioned<SquadMember>> {
    let (tenant, author) = (&permitted.tenant, permitted.author());
    find(&permitted, id).await?;
    let wanted = tenant.member_revision(id, body.revision).await?;
    let wanted = wanted.ok_or_else(|| Problem::field("revision", "the member has no such revision"))?;
    check(&app, "revision.", &wanted.member)?;
    let note = body.note.unwrap_or_default();
    changed(tenant.roll_back_member(&author, id, expected, body.revision, &note).await?)
}
