//! A squad becomes a file.

use crate::dollars::Dollars;
use serde::Serialize;
use squad_domain::member::{DEFAULT_MAX_TURNS, Member};
use squad_domain::model::{ModelRef, RoutingProfile};
use squad_domain::role::Role;
use std::collections::BTreeSet;

#[derive(Serialize)]
struct SquadFile<'a> {
    name: &'a str,
    #[serde(skip_serializing_if = "str::is_empty")]
    description: &'a str,
    members: Vec<MemberEntry<'a>>,
}

/// What has keys of its own comes last, as TOML wants it.
#[derive(Serialize)]
struct MemberEntry<'a> {
    name: &'a str,
    role: Role,
    #[serde(skip_serializing_if = "Option::is_none")]
    specialization: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    model: Option<&'a ModelRef>,
    #[serde(skip_serializing_if = "Option::is_none")]
    tools: Option<&'a BTreeSet<String>>,
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    allowed_paths: &'a [String],
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    hosts: &'a [String],
    #[serde(skip_serializing_if = "Option::is_none")]
    budget: Option<Dollars>,
    #[serde(skip_serializing_if = "Option::is_none")]
    max_turns: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    prompt: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    profile: Option<&'a RoutingProfile>,
}

impl<'a> From<&'a Member> for MemberEntry<'a> {
    fn from(member: &'a Member) -> Self {
        let single = member.profile.as_ref().and_then(single);
        Self {
            name: member.name.as_str(),
            role: member.role,
            specialization: member.specialization.as_deref(),
            model: single,
            tools: member.tools.as_ref(),
            allowed_paths: &member.allowed_paths,
            hosts: &member.hosts,
            budget: member.budget.map(Dollars),
            max_turns: (member.max_turns != DEFAULT_MAX_TURNS).then_some(member.max_turns),
            prompt: member.prompt.as_deref(),
            profile: member.profile.as_ref().filter(|_| single.is_none()),
        }
    }
}

/// The model of a profile that asks nothing but that.
fn single(profile: &RoutingProfile) -> Option<&ModelRef> {
    match profile.default.as_slice() {
        [model] if profile.purposes.is_empty() && profile.escalation.is_empty() => Some(model),
        _ => None,
    }
}

/// The file of a squad: read again, it gives the same members.
#[must_use]
pub fn to_toml(name: &str, description: &str, members: &[Member]) -> String {
    let file = SquadFile { name, description, members: members.iter().map(MemberEntry::from).collect() };
    toml::to_string_pretty(&file).expect("texts, numbers and lists of them are always TOML")
}
