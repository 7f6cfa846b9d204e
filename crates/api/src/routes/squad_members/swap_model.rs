//! `POST /members/{id}/swap-model`.

use super::changed;
use crate::dto::profile::ModelName;
use crate::dto::rules;
use crate::dto::squad_member::SquadMember;
use crate::extract::{IfMatch, Json, Path, Permitted, Versioned, may};
use crate::problem::Answer;
use garde::Validate;
use serde::Deserialize;
use squad_domain::model::RoutingProfile;
use utoipa::ToSchema;
use uuid::Uuid;

/// Another model.
#[derive(Debug, Deserialize, Validate, ToSchema)]
pub(crate) struct SwapModel {
    /// The model that the member asks from now on, for everything.
    #[garde(skip)]
    model: ModelName,
    /// Why; kept with the revision.
    #[garde(custom(rules::optional_at_most::<1_000>))]
    #[schema(example = "The other one is away", max_length = 1000)]
    note: Option<String>,
}

/// Gives a member another model
///
/// For executions that start from now on. `PATCH` takes lists of models, and takes a member's own away.
#[utoipa::path(
    post,
    path = "/members/{id}/swap-model",
    operation_id = "swap_squad_member_model",
    tag = "squads",
    extensions(("x-permission" = json!("squads:write"))),
    params(("id" = Uuid, Path, description = "Which member")),
    request_body = SwapModel,
    responses((
        status = 200,
        description = "The member as it is now",
        body = SquadMember,
        headers(("ETag" = String, description = "Its version")),
    )),
)]
pub(crate) async fn handler(
    permitted: Permitted<may::WriteSquads>,
    Path(id): Path<Uuid>,
    IfMatch(expected): IfMatch,
    Json(body): Json<SwapModel>,
) -> Answer<Versioned<SquadMember>> {
    let (author, note) = (permitted.author(), body.note.unwrap_or_default());
    let profile = Some(RoutingProfile::single(body.model.0));
    changed(permitted.tenant.swap_member_model(&author, id, expected, profile, &note).await?)
}
