//! The file format of squads.

use crate::config::Dollars;
use serde::Deserialize;
use squad_agents::Prompts;
use squad_domain::mcp::PREFIX;
use squad_domain::member::{DEFAULT_MAX_TURNS, Member};
use squad_domain::model::{ModelRef, RoutingProfile};
use squad_domain::role::Role;
use squad_domain::tool::ToolName;
use std::collections::BTreeSet;

/// A squad as written.
#[derive(Debug, Deserialize)]
pub(super) struct SquadFile {
    pub(super) name: String,
    #[serde(default)]
    pub(super) description: String,
    members: Vec<MemberEntry>,
}

#[derive(Debug, Deserialize)]
struct MemberEntry {
    name: String,
    role: Role,
    specialization: Option<String>,
    model: Option<ModelRef>,
    profile: Option<RoutingProfile>,
    tools: Option<BTreeSet<String>>,
    #[serde(default)]
    allowed_paths: Vec<String>,
    #[serde(default)]
    hosts: Vec<String>,
    budget: Option<Dollars>,
    max_turns: Option<u32>,
    prompt: Option<String>,
}

impl SquadFile {
    /// The members; or which one does not fit, under which key, and why.
    pub(super) fn into_members(
        self,
        prompts: &Prompts,
    ) -> Result<Vec<Member>, (usize, &'static str, String)> {
        let members = self.members.into_iter().enumerate();
        members
            .map(|(index, entry)| entry.into_member(prompts).map_err(|(key, why)| (index, key, why)))
            .collect()
    }
}

impl MemberEntry {
    fn into_member(self, prompts: &Prompts) -> Result<Member, (&'static str, String)> {
        if let Some(name) = &self.specialization {
            let known = prompts.specializations(self.role);
            if !known.contains(name) {
                let known = if known.is_empty() { "none".to_owned() } else { known.join(", ") };
                return Err((
                    "specialization",
                    format!("the role `{}` has no specialization `{name}`; it has {known}", self.role),
                ));
            }
        }
        let strange = |tool: &&String| tool.parse::<ToolName>().is_err() && !tool.starts_with(PREFIX);
        if let Some(tool) = self.tools.iter().flatten().find(strange) {
            let known = ToolName::ALL.iter().map(|tool| tool.slug()).collect::<Vec<_>>().join(", ");
            return Err((
                "tools",
                format!(
                    "there is no tool `{tool}`; the tools are {known} `mcp__<server>__<tool>` and `mcp__<server>__*`"
                ),
            ));
        }
        let profile = match (self.model, self.profile) {
            (Some(_), Some(_)) => {
                return Err(("model", "give either `model` or `profile`, not both".to_owned()));
            }
            (Some(model), None) => Some(RoutingProfile::single(model)),
            (None, profile) => profile,
        };
        if profile.as_ref().is_some_and(|profile| profile.default.is_empty()) {
            return Err(("profile", "`default` lists no model; give at least one".to_owned()));
        }
        if self.max_turns == Some(0) {
            return Err(("max_turns", "a member without a turn can do nothing; give at least 1".to_owned()));
        }
        Ok(Member {
            specialization: self.specialization,
            profile,
            tools: self.tools,
            allowed_paths: self.allowed_paths,
            hosts: self.hosts,
            budget: self.budget.map(|dollars| dollars.0),
            max_turns: self.max_turns.unwrap_or(DEFAULT_MAX_TURNS),
            prompt: self.prompt,
            ..Member::new(&self.name, self.role)
        })
    }
}
