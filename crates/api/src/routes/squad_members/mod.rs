//! The members of squads, and what they were before.

mod activity;
mod add;
mod list;
mod revisions;
mod roll_back;
mod show;
mod swap_model;
mod update;

use crate::app::App;
use crate::dto::squad_member::{NewMember, SquadMember};
use crate::extract::{Permitted, Versioned};
use crate::problem::{Answer, Code, Problem};
use squad_domain::member::Member;
use squad_domain::squad::SquadError;
use squad_storage::MemberChange;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use uuid::Uuid;

pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(list::handler, add::handler))
        .routes(routes!(show::handler, update::handler))
        .routes(routes!(activity::deactivate))
        .routes(routes!(activity::reactivate))
        .routes(routes!(swap_model::handler))
        .routes(routes!(revisions::list))
        .routes(routes!(revisions::show))
        .routes(routes!(roll_back::handler))
}

/// A member of a squad of the caller's organization.
async fn find<P>(permitted: &Permitted<P>, id: Uuid) -> Answer<squad_storage::SquadMember> {
    permitted.tenant.member(id).await?.ok_or_else(|| Problem::not_found("member"))
}

/// A member as a body describes it, once what it names was looked up. `place` is where it stands in the body: `members[2].`.
pub(super) fn checked(app: &App, place: &str, member: NewMember) -> Answer<Member> {
    let member = member.into_member()?;
    check(app, place, &member)?;
    Ok(member)
}

/// Whether what a member names is there, and its paths can be read. What else holds for it depends on its squad.
pub(super) fn check(app: &App, place: &str, member: &Member) -> Answer<()> {
    let engine = app.engine();
    squad_templates::check(member, engine.prompts())
        .map_err(|problem| Problem::field(&format!("{place}{}", problem.key), problem.message))?;
    // All that is left for the engine to refuse is a path.
    engine.check(member).map_err(|error| Problem::field(&format!("{place}allowed_paths"), error.to_string()))
}

/// The answer to a change of a member.
fn changed(change: MemberChange) -> Answer<Versioned<SquadMember>> {
    match change {
        MemberChange::Done(row) => Ok(Versioned(row.version, row.into())),
        MemberChange::Stale(row) => Err(Problem::stale(row.version)),
        MemberChange::NotFound => Err(Problem::not_found("member")),
        MemberChange::NameTaken => Err(Problem::new(
            Code::Conflict,
            "another member of the squad has that name, perhaps one that does not work at present; choose another one",
        )),
        MemberChange::Refused(SquadError::BadName(name)) => {
            Err(Problem::field("name", SquadError::BadName(name).to_string()))
        }
        MemberChange::Refused(error) => {
            Err(Problem::new(Code::Conflict, format!("the squad could not work any more: {error}")))
        }
    }
}
