//! A member: an employee with a role and with limits that code enforces around the model.

use crate::ids::MemberName;
use crate::mcp;
use crate::model::RoutingProfile;
use crate::money::MicroUsd;
use crate::role::Role;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// Turns that a lane may take where nobody says otherwise. Real tasks end well below; a lane that does not is shown to
/// a person, who can grant as many again.
pub const DEFAULT_MAX_TURNS: u32 = 80;

/// A member of a squad.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Member {
    /// Unique within the squad, compared without case.
    pub name: MemberName,
    /// What it is employed as.
    pub role: Role,
    /// A specialization of the role that ships with a prompt, for example `rust_axum`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub specialization: Option<String>,
    /// Models of its own; `None`: those of the execution.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub profile: Option<RoutingProfile>,
    /// Tools that it may use, by name, those of MCP servers among them (`mcp__docs__search`, or `mcp__docs__*` for all of
    /// a server); `None`: all that its duty and its role are offered.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tools: Option<BTreeSet<String>>,
    /// Globs of the paths that it may change, relative to the repository; empty: all.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub allowed_paths: Vec<String>,
    /// Hosts that its commands may reach; empty: none.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub hosts: Vec<String>,
    /// What it may spend in one execution; `None`: as much as the execution.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub budget: Option<MicroUsd>,
    /// Turns that one of its lanes may take.
    #[serde(default = "default_max_turns")]
    pub max_turns: u32,
    /// Words of its employer, after those of the role.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub prompt: Option<String>,
}

const fn default_max_turns() -> u32 {
    DEFAULT_MAX_TURNS
}

impl Member {
    /// A member with the limits that every member has.
    #[must_use]
    pub fn new(name: &str, role: Role) -> Self {
        Self {
            name: name.into(),
            role,
            specialization: None,
            profile: None,
            tools: None,
            allowed_paths: Vec::new(),
            hosts: Vec::new(),
            budget: None,
            max_turns: DEFAULT_MAX_TURNS,
            prompt: None,
        }
    }

    /// Whether its employer lets it use the tool.
    #[must_use]
    pub fn may_use(&self, tool: &str) -> bool {
        let Some(allowed) = &self.tools else { return true };
        let by_server = |entry: &String| {
            let server = entry.strip_suffix('*').filter(|server| server.starts_with(mcp::PREFIX));
            server.is_some_and(|server| tool.starts_with(server))
        };
        allowed.contains(tool) || allowed.iter().any(by_server)
    }
}
