//! Squads.

use crate::dto::moment::Moment;
use crate::dto::profile::Profile;
use crate::dto::slugs;
use crate::dto::squad_member::{MemberDefinition, SquadMember};
use serde::Serialize;
use squad_domain::money::MicroUsd;
use squad_storage::SquadDetails as SquadRow;
use squad_templates::Template;
use utoipa::ToSchema;
use uuid::Uuid;

/// A squad.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Squad {
    /// Its id.
    id: Uuid,
    /// Its name.
    #[schema(example = "Product team")]
    name: String,
    /// What it is for.
    #[schema(example = "Everyday work on the shop")]
    description: String,
    /// Whether it takes work.
    #[schema(schema_with = slugs::squad_status)]
    status: &'static str,
    /// Models for members without any of their own; absent: those of the installation.
    #[serde(skip_serializing_if = "Option::is_none")]
    profile: Option<Profile>,
    /// When a person approves its plans; absent: as the installation says.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(schema_with = slugs::approval)]
    approval: Option<&'static str>,
    /// What one of its executions may cost, in US dollars.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = 5.0, minimum = 0)]
    budget_per_execution_usd: Option<f64>,
    /// How often what is here was changed, from 1. Members have versions of their own.
    #[schema(example = 1)]
    version: u64,
    /// When it was made.
    created_at: Moment,
    /// When what is here was last changed.
    updated_at: Moment,
}

impl From<SquadRow> for Squad {
    fn from(row: SquadRow) -> Self {
        Self {
            id: row.id.0,
            name: row.name,
            description: row.description,
            status: row.status.slug(),
            profile: row.profile.as_ref().map(Profile::from),
            approval: row.approval.map(squad_domain::squad::ApprovalPolicy::slug),
            budget_per_execution_usd: row.budget.map(MicroUsd::dollars),
            version: row.version,
            created_at: row.created_at.into(),
            updated_at: row.updated_at.into(),
        }
    }
}

/// A squad with its members.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct SquadDetails {
    /// The squad.
    #[serde(flatten)]
    squad: Squad,
    /// Who is in it, in their order, those that do not work among them.
    members: Vec<SquadMember>,
}

impl SquadDetails {
    pub(crate) fn new(squad: SquadRow, members: Vec<squad_storage::SquadMember>) -> Self {
        Self { squad: squad.into(), members: members.into_iter().map(SquadMember::from).collect() }
    }
}

/// A squad that ships, to be hired as it is.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct SquadTemplate {
    /// What `template` takes when a squad is made.
    #[schema(example = "pair")]
    key: &'static str,
    /// What such a squad is called.
    #[schema(example = "Pair")]
    name: String,
    /// What it is for.
    description: String,
    /// Who is in it.
    members: Vec<MemberDefinition>,
}

impl From<Template> for SquadTemplate {
    fn from(template: Template) -> Self {
        let definition = template.definition;
        Self {
            key: template.key,
            members: definition.members.iter().map(MemberDefinition::from).collect(),
            name: definition.name,
            description: definition.description,
        }
    }
}

/// What a squad has cost so far.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct SquadCost {
    /// In US dollars, all of its executions.
    #[schema(example = 12.5)]
    total_usd: f64,
    /// How many executions stand where; where there is none, there is no entry.
    executions: Vec<StatusCount>,
    /// By member, the dearest first.
    members: Vec<Spend>,
    /// By model, the dearest first.
    models: Vec<Spend>,
}

/// How many executions stand there.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct StatusCount {
    /// Where.
    #[schema(schema_with = slugs::status)]
    status: &'static str,
    /// How many.
    count: u64,
}

/// What one member spent, or what was spent on one model.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Spend {
    /// The member's name at the time, or the model.
    #[schema(example = "Bea")]
    name: String,
    /// How many calls of models there were.
    calls: u64,
    /// What they cost, in US dollars.
    #[schema(example = 0.42)]
    cost_usd: f64,
}

impl From<squad_storage::SquadSpend> for Spend {
    fn from(spend: squad_storage::SquadSpend) -> Self {
        Self { name: spend.name, calls: spend.calls, cost_usd: spend.cost.dollars() }
    }
}

impl From<squad_storage::SquadCost> for SquadCost {
    fn from(cost: squad_storage::SquadCost) -> Self {
        let executions = cost.executions.into_iter();
        Self {
            total_usd: cost.total.dollars(),
            executions: executions
                .map(|(status, count)| StatusCount { status: status.slug(), count })
                .collect(),
            members: cost.members.into_iter().map(Spend::from).collect(),
            models: cost.models.into_iter().map(Spend::from).collect(),
        }
    }
}
