//! `POST /squads/{id}/clone`.

use super::{Draft, find, make};
use crate::app::App;
use crate::dto::rules;
use crate::dto::squad::SquadDetails;
use crate::extract::{Json, Path, Permitted, may};
use crate::problem::Answer;
use axum::extract::State;
use axum::response::Response;
use garde::Validate;
use serde::Deserialize;
use squad_domain::ids::SquadId;
use utoipa::ToSchema;
use uuid::Uuid;

/// A copy.
#[derive(Debug, Deserialize, Validate, ToSchema)]
pub(crate) struct CloneSquad {
    /// What it shall be called.
    #[garde(custom(rules::name))]
    #[schema(example = "Product team II", min_length = 1, max_length = 100)]
    name: String,
}

/// Copies a squad
///
/// With its settings and the members that work, as they are now; not with their past.
#[utoipa::path(
    post,
    path = "/squads/{id}/clone",
    operation_id = "clone_squad",
    tag = "squads",
    extensions(("x-permission" = json!("squads:write"))),
    params(("id" = Uuid, Path, description = "Which squad")),
    request_body = CloneSquad,
    responses((
        status = 201,
        description = "The copy",
        body = SquadDetails,
        headers(("Location" = String, description = "Its address"), ("ETag" = String, description = "Its version")),
    )),
)]
pub(crate) async fn handler(
    State(app): State<App>,
    permitted: Permitted<may::WriteSquads>,
    Path(id): Path<Uuid>,
    Json(body): Json<CloneSquad>,
) -> Answer<Response> {
    let squad = find(&permitted, id).await?;
    let members = permitted.tenant.members(SquadId(id)).await?;
    let draft = Draft {
        name: body.name,
        description: squad.description,
        members: members.into_iter().filter(|row| row.active).map(|row| row.member).collect(),
        profile: squad.profile,
        approval: squad.approval,
        budget: squad.budget,
    };
    make(&app, &permitted, draft).await
}
