//! Members of squads.

use crate::dto::moment::Moment;
use crate::dto::patch::present;
use crate::dto::profile::{ModelName, Profile};
use crate::dto::{money, rules, slugs};
use crate::problem::{Answer, Problem};
use garde::Validate;
use serde::{Deserialize, Serialize};
use squad_domain::member::{DEFAULT_MAX_TURNS, Member};
use squad_domain::model::RoutingProfile;
use squad_domain::role::Role;
use utoipa::ToSchema;
use uuid::Uuid;

/// What a member is, and what it may do.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct MemberDefinition {
    /// Its name, unique within the squad.
    #[schema(example = "Bea")]
    name: String,
    /// What it is employed as.
    #[schema(schema_with = slugs::member_role)]
    role: &'static str,
    /// What of that it does best.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "rust_axum")]
    specialization: Option<String>,
    /// Models of its own; absent: those of its squad.
    #[serde(skip_serializing_if = "Option::is_none")]
    profile: Option<Profile>,
    /// Tools that it may use; absent: all that its duty and its role are offered.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = json!(["read_file", "edit_file"]))]
    tools: Option<Vec<String>>,
    /// Globs of the paths that it may change; empty: all.
    #[schema(example = json!(["src/**"]))]
    allowed_paths: Vec<String>,
    /// Hosts that its commands may reach; empty: none.
    hosts: Vec<String>,
    /// What it may spend in one execution, in US dollars; absent: as much as the execution.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = 1.5, minimum = 0)]
    budget_usd: Option<f64>,
    /// Turns that it may take in one go.
    #[schema(example = 80, minimum = 1)]
    max_turns: u32,
    /// Words of its employer, after those of the role.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "Prefer small changes.")]
    prompt: Option<String>,
}

impl From<&Member> for MemberDefinition {
    fn from(member: &Member) -> Self {
        Self {
            name: member.name.to_string(),
            role: member.role.slug(),
            specialization: member.specialization.clone(),
            profile: member.profile.as_ref().map(Profile::from),
            tools: member.tools.as_ref().map(|tools| tools.iter().cloned().collect()),
            allowed_paths: member.allowed_paths.clone(),
            hosts: member.hosts.clone(),
            budget_usd: member.budget.map(squad_domain::money::MicroUsd::dollars),
            max_turns: member.max_turns,
            prompt: member.prompt.clone(),
        }
    }
}

/// A member of a squad.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct SquadMember {
    /// Its id, which it keeps whatever it is called.
    id: Uuid,
    /// Whose member it is.
    squad_id: Uuid,
    /// What it is.
    #[serde(flatten)]
    definition: MemberDefinition,
    /// Whether it works.
    active: bool,
    /// The number of its newest revision.
    #[schema(example = 1)]
    version: u64,
    /// When it was hired.
    created_at: Moment,
    /// When it was last changed.
    updated_at: Moment,
}

impl From<squad_storage::SquadMember> for SquadMember {
    fn from(row: squad_storage::SquadMember) -> Self {
        Self {
            id: row.id,
            squad_id: row.squad.0,
            definition: MemberDefinition::from(&row.member),
            active: row.active,
            version: row.version,
            created_at: row.created_at.into(),
            updated_at: row.updated_at.into(),
        }
    }
}

/// A member that is to be hired.
#[derive(Debug, Deserialize, Validate, ToSchema)]
pub(crate) struct NewMember {
    /// Its name: letters, digits, spaces, `-` and `_`, unique within the squad, no role's name.
    #[garde(custom(rules::name))]
    #[schema(example = "Bea", min_length = 1, max_length = 40)]
    name: String,
    /// What it is employed as.
    #[garde(skip)]
    #[schema(schema_with = slugs::member_role)]
    role: Role,
    /// What of that it does best; one of the role's specializations.
    #[garde(skip)]
    #[schema(example = "rust_axum", max_length = 100)]
    specialization: Option<String>,
    /// The one model that it asks. Either this or `profile`.
    #[garde(skip)]
    model: Option<ModelName>,
    /// Models of its own; without them and `model`: those of its squad.
    #[garde(dive)]
    profile: Option<Profile>,
    /// Tools that it may use, with `mcp__<server>__<tool>` and `mcp__<server>__*`; absent: all that its duty and its role are
    /// offered.
    #[garde(skip)]
    #[schema(example = json!(["read_file", "edit_file", "submit_work"]), max_items = 200)]
    tools: Option<Vec<String>>,
    /// Globs of the paths that it may change; empty: all.
    #[garde(skip)]
    #[serde(default)]
    #[schema(example = json!(["src/**"]), max_items = 200)]
    allowed_paths: Vec<String>,
    /// Hosts that its commands may reach; empty: none.
    #[garde(skip)]
    #[serde(default)]
    #[schema(max_items = 200)]
    hosts: Vec<String>,
    /// What it may spend in one execution, in US dollars.
    #[garde(custom(money::dollars))]
    #[schema(example = 1.5, minimum = 0, maximum = 1000000000)]
    budget_usd: Option<f64>,
    /// Turns that it may take in one go; 80 where it is left out.
    #[garde(skip)]
    #[schema(example = 80, minimum = 1, maximum = 100000)]
    max_turns: Option<u32>,
    /// Words of its employer, after those of the role.
    #[garde(skip)]
    #[schema(example = "Prefer small changes.", max_length = 64000)]
    prompt: Option<String>,
}

impl NewMember {
    /// As the domain has it. What it names is not looked up yet.
    pub(crate) fn into_member(self) -> Answer<Member> {
        Ok(Member {
            specialization: self.specialization,
            profile: chosen(self.model, self.profile)?,
            tools: self.tools.map(|tools| tools.into_iter().collect()),
            allowed_paths: self.allowed_paths,
            hosts: self.hosts,
            budget: self.budget_usd.map(money::micros),
            max_turns: self.max_turns.unwrap_or(DEFAULT_MAX_TURNS),
            prompt: self.prompt,
            ..Member::new(self.name.trim(), self.role)
        })
    }
}

/// The models that a body chooses, one way or the other.
pub(crate) fn chosen(model: Option<ModelName>, profile: Option<Profile>) -> Answer<Option<RoutingProfile>> {
    match (model, profile) {
        (Some(_), Some(_)) => Err(Problem::field("model", "give either `model` or `profile`")),
        (Some(model), None) => Ok(Some(RoutingProfile::single(model.0))),
        (None, profile) => Ok(profile.map(RoutingProfile::from)),
    }
}

/// What is to change of a member. What is absent stays; `null` takes a thing away.
#[derive(Debug, Deserialize, Validate, ToSchema)]
pub(crate) struct UpdateMember {
    /// Its name.
    #[garde(custom(rules::optional_name))]
    #[schema(example = "Bea", min_length = 1, max_length = 40)]
    name: Option<String>,
    /// What it is employed as.
    #[garde(skip)]
    #[schema(schema_with = slugs::member_role)]
    role: Option<Role>,
    /// What of that it does best.
    #[garde(skip)]
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = Option<String>, example = "rust_axum", max_length = 100)]
    specialization: Option<Option<String>>,
    /// The one model that it asks. Either this or `profile`.
    #[garde(skip)]
    model: Option<ModelName>,
    /// Models of its own; `null`: those of its squad.
    #[garde(custom(profile_fits))]
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = Option<Profile>)]
    profile: Option<Option<Profile>>,
    /// Tools that it may use; `null`: all that its duty and its role are offered.
    #[garde(skip)]
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = Option<Vec<String>>, example = json!(["read_file"]), max_items = 200)]
    tools: Option<Option<Vec<String>>>,
    /// Globs of the paths that it may change; empty: all.
    #[garde(skip)]
    #[schema(example = json!(["src/**"]), max_items = 200)]
    allowed_paths: Option<Vec<String>>,
    /// Hosts that its commands may reach; empty: none.
    #[garde(skip)]
    #[schema(max_items = 200)]
    hosts: Option<Vec<String>>,
    /// What it may spend in one execution, in US dollars; `null`: as much as the execution.
    #[garde(custom(money::changed_dollars))]
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = Option<f64>, example = 1.5, minimum = 0, maximum = 1000000000)]
    budget_usd: Option<Option<f64>>,
    /// Turns that it may take in one go.
    #[garde(skip)]
    #[schema(example = 80, minimum = 1, maximum = 100000)]
    max_turns: Option<u32>,
    /// Words of its employer, after those of the role.
    #[garde(skip)]
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = Option<String>, example = "Prefer small changes.", max_length = 64000)]
    prompt: Option<Option<String>>,
    /// Why; kept with the revision.
    #[garde(custom(rules::optional_at_most::<1_000>))]
    #[schema(example = "Tests first", max_length = 1000)]
    pub(crate) note: Option<String>,
}

/// The rules of a profile, where a change brings one.
pub(crate) fn profile_fits(profile: &Option<Option<Profile>>, (): &()) -> garde::Result {
    match profile {
        Some(Some(profile)) => {
            profile.validate().map_err(|report| garde::Error::new(report.to_string().trim()))
        }
        _ => Ok(()),
    }
}

impl UpdateMember {
    /// What the member becomes. What it names is not looked up yet.
    pub(crate) fn apply(&self, old: &Member) -> Answer<Member> {
        let profile = match (&self.model, &self.profile) {
            (model @ Some(_), profile) => chosen(model.clone(), profile.clone().flatten())?,
            (None, Some(profile)) => profile.clone().map(RoutingProfile::from),
            (None, None) => old.profile.clone(),
        };
        let tools = self.tools.clone().map(|tools| tools.map(|tools| tools.into_iter().collect()));
        Ok(Member {
            name: self.name.as_deref().map_or_else(|| old.name.clone(), |name| name.trim().into()),
            role: self.role.unwrap_or(old.role),
            specialization: self.specialization.clone().unwrap_or_else(|| old.specialization.clone()),
            profile,
            tools: tools.unwrap_or_else(|| old.tools.clone()),
            allowed_paths: self.allowed_paths.clone().unwrap_or_else(|| old.allowed_paths.clone()),
            hosts: self.hosts.clone().unwrap_or_else(|| old.hosts.clone()),
            budget: self.budget_usd.map_or(old.budget, |budget| budget.map(money::micros)),
            max_turns: self.max_turns.unwrap_or(old.max_turns),
            prompt: self.prompt.clone().unwrap_or_else(|| old.prompt.clone()),
        })
    }
}

/// A member after one of its changes.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct MemberRevision {
    /// Its number, from 1.
    #[schema(example = 2)]
    pub(crate) revision: u64,
    /// When the change was made.
    at: Moment,
    /// Who made it: `user:<id>`, `api_key:<id>` or `system`.
    #[schema(example = "user:019a8f00-0000-7000-8000-000000000001")]
    author: String,
    /// What they say of it; may be empty.
    #[schema(example = "Tests first")]
    note: String,
    /// Whether the member has worked since.
    active: bool,
    /// What it has been since.
    member: MemberDefinition,
}

impl From<squad_storage::MemberRevision> for MemberRevision {
    fn from(row: squad_storage::MemberRevision) -> Self {
        Self {
            revision: row.revision,
            at: row.at.into(),
            author: row.author,
            note: row.note,
            active: row.active,
            member: MemberDefinition::from(&row.member),
        }
    }
}

/// A revision, with what it changed.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct MemberRevisionDetails {
    /// The revision.
    #[serde(flatten)]
    revision: MemberRevision,
    /// What differs from the one before; empty for the first.
    changes: Vec<FieldChange>,
}

/// One part of a member that a change touched.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct FieldChange {
    /// Which, as a member shows it.
    #[schema(example = "max_turns")]
    field: String,
    /// What it was; `null`: nothing.
    #[schema(example = 80)]
    before: serde_json::Value,
    /// What it is; `null`: nothing.
    #[schema(example = 40)]
    after: serde_json::Value,
}

impl MemberRevisionDetails {
    pub(crate) fn new(revision: MemberRevision, before: Option<&MemberRevision>) -> Self {
        let changes = before.map_or_else(Vec::new, |before| differences(before, &revision));
        Self { revision, changes }
    }
}

fn differences(before: &MemberRevision, after: &MemberRevision) -> Vec<FieldChange> {
    let parts = |revision: &MemberRevision| {
        let mut parts = serde_json::to_value(&revision.member).unwrap_or_default();
        parts["active"] = revision.active.into();
        parts
    };
    let (before, after) = (parts(before), parts(after));
    let names = |value: &serde_json::Value| -> Vec<String> {
        value.as_object().map(|parts| parts.keys().cloned().collect()).unwrap_or_default()
    };
    let mut fields = names(&before);
    fields.extend(names(&after));
    fields.sort();
    fields.dedup();
    let part = |value: &serde_json::Value, name: &str| value.get(name).cloned().unwrap_or_default();
    let changes = fields.into_iter().map(|field| FieldChange {
        before: part(&before, &field),
        after: part(&after, &field),
        field,
    });
    changes.filter(|change| change.before != change.after).collect()
}
