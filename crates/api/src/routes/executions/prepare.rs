//! From what somebody wants to what an execution is started with: squad and project as they are now, and the
//! installation's defaults for the rest.

use crate::app::App;
use crate::extract::Permitted;
use crate::problem::{Answer, Code, Problem};
use squad_domain::execution::ExecutionSpec;
use squad_domain::ids::SquadId;
use squad_domain::model::{ModelRef, ModelSettings, RoutingProfile};
use squad_domain::money::MicroUsd;
use squad_domain::squad::Squad;
use squad_domain::task::Task;
use squad_storage::{ExecutionRow, ProjectRow, SquadDetails, SquadStatus};
use uuid::Uuid;

/// What somebody wants.
pub(super) struct Wish {
    pub(super) squad: SquadId,
    pub(super) project: Option<Uuid>,
    pub(super) repository: Option<String>,
    pub(super) task: Task,
    pub(super) branch: Option<String>,
    pub(super) budget: Option<MicroUsd>,
    pub(super) model: Option<ModelRef>,
}

/// Starts it.
pub(super) async fn start<P>(app: &App, permitted: &Permitted<P>, wish: Wish) -> Answer<ExecutionRow> {
    let spec = spec(app, permitted, wish).await?;
    let person = &permitted.caller.user.name;
    let details = serde_json::json!({ "squad": spec.squad.id, "title": spec.task.title });
    let id = app.engine().start(spec, person).await?;
    permitted.tenant.note(&permitted.author(), "execution.started", &id.to_string(), details).await?;
    super::find(permitted, id.0).await
}

async fn spec<P>(app: &App, permitted: &Permitted<P>, wish: Wish) -> Answer<ExecutionSpec> {
    let tenant = &permitted.tenant;
    let details = tenant.squad(wish.squad).await?.ok_or_else(|| Problem::not_found("squad"))?;
    if details.status != SquadStatus::Active {
        return Err(Problem::new(Code::Conflict, "the squad takes no work now; make it active first"));
    }
    let members = tenant.members(wish.squad).await?.into_iter().filter(|member| member.active);
    let squad = Squad {
        id: details.id,
        name: details.name.clone(),
        members: members.map(|row| row.member).collect(),
    };
    let project = match wish.project {
        Some(id) => Some(tenant.project(id).await?.ok_or_else(|| Problem::not_found("project"))?),
        None => None,
    };
    let defaults = app.config().defaults.clone();
    let repository = repository(app, permitted, wish.repository, project.as_ref())?;
    Ok(ExecutionSpec {
        org: permitted.org(),
        models: models(defaults.models, &details, wish.model, &squad)?,
        approval: details.approval.unwrap_or(defaults.approval),
        budget: wish.budget.or(details.budget).or(defaults.budget),
        test_command: project.as_ref().and_then(|project| project.test_command.clone()),
        setup_command: project.as_ref().and_then(|project| project.setup_command.clone()),
        setup_hosts: project.map_or(defaults.setup_hosts, |project| project.setup_hosts),
        mcp: defaults.mcp,
        sandbox: defaults.sandbox,
        limits: defaults.limits,
        task: wish.task,
        branch: wish.branch,
        repository,
        squad,
    })
}

/// Where it works: on the project's repository, or on the one that is named.
fn repository<P>(
    app: &App,
    permitted: &Permitted<P>,
    named: Option<String>,
    project: Option<&ProjectRow>,
) -> Answer<String> {
    match (named, project) {
        (Some(_), Some(_)) => Err(Problem::field("repository", "give either `repository` or `project_id`")),
        (None, None) => Err(Problem::field("project_id", "say where to work: `project_id` or `repository`")),
        (None, Some(project)) => crate::repository::still_offered(app, permitted, &project.repository),
        (Some(text), None) => crate::repository::checked(app, permitted, "repository", &text),
    }
}

/// The models: the one that is named, the squad's, or the installation's.
fn models(
    installed: Option<ModelSettings>,
    details: &SquadDetails,
    named: Option<ModelRef>,
    squad: &Squad,
) -> Answer<ModelSettings> {
    let own = named.map(RoutingProfile::single).or_else(|| details.profile.clone());
    let all_have_own = squad.members.iter().all(|member| member.profile.is_some());
    match (installed, own) {
        (Some(settings), None) => Ok(settings),
        (settings, Some(profile)) => Ok(ModelSettings { profile, ..settings.unwrap_or_default() }),
        (None, None) if all_have_own && !squad.members.is_empty() => Ok(ModelSettings::default()),
        (None, None) => Err(Problem::field(
            "model",
            "there is no model to work with: name one, give the squad one, or let the operator configure one",
        )),
    }
}
