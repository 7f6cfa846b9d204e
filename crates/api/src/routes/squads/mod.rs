//! Squads, as people set them up.

mod clone;
mod composition;
mod cost;
mod create;
mod delete;
mod export;
mod import;
mod list;
mod show;
mod templates;
mod update;

use crate::app::App;
use crate::dto::squad::SquadDetails;
use crate::extract::{Permitted, Versioned, may};
use crate::problem::{Answer, Problem};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use squad_domain::ids::SquadId;
use squad_domain::member::Member;
use squad_domain::model::RoutingProfile;
use squad_domain::money::MicroUsd;
use squad_domain::squad::ApprovalPolicy;
use squad_storage::{NewSquad, SquadCreation};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use uuid::Uuid;

pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(templates::handler))
        .routes(routes!(list::handler, create::handler))
        .routes(routes!(import::handler))
        .routes(routes!(show::handler, update::handler, delete::handler))
        .routes(routes!(clone::handler))
        .routes(routes!(export::handler))
        .routes(routes!(cost::handler))
        .routes(routes!(composition::handler))
}

/// A squad of the caller's organization.
pub(super) async fn find<P>(permitted: &Permitted<P>, id: Uuid) -> Answer<squad_storage::SquadDetails> {
    let found = permitted.tenant.squad(SquadId(id)).await?;
    found.ok_or_else(|| Problem::not_found("squad"))
}

/// A squad that is about to be made, from wherever its parts come. Its members fit each by itself.
struct Draft {
    name: String,
    description: String,
    members: Vec<Member>,
    profile: Option<RoutingProfile>,
    approval: Option<ApprovalPolicy>,
    budget: Option<MicroUsd>,
}

/// Makes it, with new ids for itself and its members, and answers with what was made.
async fn make(app: &App, permitted: &Permitted<may::WriteSquads>, draft: Draft) -> Answer<Response> {
    let members = draft.members.into_iter().map(|member| (app.new_id(), member)).collect();
    let squad = NewSquad {
        id: SquadId(app.new_id()),
        name: draft.name.trim().to_owned(),
        description: draft.description,
        members,
        profile: draft.profile,
        approval: draft.approval,
        budget: draft.budget,
    };
    let id = squad.id;
    let made = match permitted.tenant.create_squad(&permitted.author(), squad).await? {
        SquadCreation::Done(made) => made,
        SquadCreation::Refused(error) => return Err(Problem::field("members", error.to_string())),
        // The id was made a moment ago.
        SquadCreation::Exists => return Err(Problem::internal()),
    };
    let members = permitted.tenant.members(id).await?;
    let location = [(header::LOCATION, format!("/api/v1/squads/{id}"))];
    let body = Versioned(made.version, SquadDetails::new(made, members));
    Ok((StatusCode::CREATED, location, body).into_response())
}
