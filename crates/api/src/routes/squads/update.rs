//! `PATCH /squads/{id}`.

use crate::dto::patch::present;
use crate::dto::profile::{ModelName, Profile};
use crate::dto::squad::Squad;
use crate::dto::squad_member::{chosen, profile_fits};
use crate::dto::{money, rules, slugs};
use crate::extract::{IfMatch, Json, Path, Permitted, Versioned, may};
use crate::problem::{Answer, Problem};
use garde::Validate;
use serde::Deserialize;
use squad_domain::ids::SquadId;
use squad_domain::model::RoutingProfile;
use squad_domain::squad::ApprovalPolicy;
use squad_storage::{Change, SquadPatch, SquadStatus};
use utoipa::ToSchema;
use uuid::Uuid;

/// What is to change of a squad. What is absent stays; `null` takes a thing away.
#[derive(Debug, Deserialize, Validate, ToSchema)]
pub(crate) struct UpdateSquad {
    /// Its name.
    #[garde(custom(rules::optional_name))]
    #[schema(example = "Product team", min_length = 1, max_length = 100)]
    name: Option<String>,
    /// What it is for.
    #[garde(custom(rules::optional_at_most::<64_000>))]
    #[schema(max_length = 64000)]
    description: Option<String>,
    /// Whether it takes work. One that is archived is kept for what it has done.
    #[garde(skip)]
    #[schema(schema_with = slugs::squad_status)]
    status: Option<SquadStatus>,
    /// One model for members without any of their own. Either this or `profile`.
    #[garde(skip)]
    model: Option<ModelName>,
    /// Models for members without any of their own; `null`: those of the installation.
    #[garde(custom(profile_fits))]
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = Option<Profile>)]
    profile: Option<Option<Profile>>,
    /// When a person approves its plans; `null`: as the installation says.
    #[garde(skip)]
    #[serde(default, deserialize_with = "present")]
    #[schema(schema_with = slugs::approval_or_null)]
    approval: Option<Option<ApprovalPolicy>>,
    /// What one of its executions may cost, in US dollars; `null`: only other budgets limit it.
    #[garde(custom(money::changed_dollars))]
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = Option<f64>, example = 5.0, minimum = 0, maximum = 1000000000)]
    budget_per_execution_usd: Option<Option<f64>>,
}

impl UpdateSquad {
    fn into_patch(self) -> Answer<SquadPatch> {
        let profile = match (self.model, self.profile) {
            (model @ Some(_), profile) => Some(chosen(model, profile.flatten())?),
            (None, profile) => profile.map(|profile| profile.map(RoutingProfile::from)),
        };
        Ok(SquadPatch {
            name: self.name.map(|name| name.trim().to_owned()),
            description: self.description,
            status: self.status,
            profile,
            approval: self.approval,
            budget: self.budget_per_execution_usd.map(|budget| budget.map(money::micros)),
        })
    }
}

/// Changes a squad
///
/// Executions that run already go on as they were started.
#[utoipa::path(
    patch,
    path = "/squads/{id}",
    operation_id = "update_squad",
    tag = "squads",
    extensions(("x-permission" = json!("squads:write"))),
    params(("id" = Uuid, Path, description = "Which squad")),
    request_body = UpdateSquad,
    responses((
        status = 200,
        description = "The squad as it is now",
        body = Squad,
        headers(("ETag" = String, description = "Its version")),
    )),
)]
pub(crate) async fn handler(
    permitted: Permitted<may::WriteSquads>,
    Path(id): Path<Uuid>,
    IfMatch(expected): IfMatch,
    Json(body): Json<UpdateSquad>,
) -> Answer<Versioned<Squad>> {
    let (author, patch) = (permitted.author(), body.into_patch()?);
    match permitted.tenant.update_squad(&author, SquadId(id), expected, patch).await? {
        Change::Done(squad) => Ok(Versioned(squad.version, squad.into())),
        Change::Stale(squad) => Err(Problem::stale(squad.version)),
        Change::NotFound => Err(Problem::not_found("squad")),
    }
}
