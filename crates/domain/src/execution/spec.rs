//! What an execution was started with: everything that it needs to go on the same after a restart.

use crate::ids::OrgId;
use crate::mcp::McpServers;
use crate::model::ModelSettings;
use crate::money::MicroUsd;
use crate::squad::{ApprovalPolicy, Squad};
use crate::task::Task;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Limits that hold for every execution unless its squad says otherwise.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct ExecutionLimits {
    /// Rounds of work and review of one sub-task before a person is asked.
    pub review_rounds: u32,
    /// Sub-tasks that the engine may add to mend failed reviews and tests of the whole before a person is asked.
    pub fix_rounds: u32,
    /// Lanes that may have a step under way at once.
    pub parallel_lanes: usize,
    /// Bytes of conversation above which older turns are condensed. About four bytes are a token.
    pub context_bytes: usize,
    /// Tokens that one reply may have.
    pub max_output_tokens: u32,
    /// Seconds that one command of a member may take where it does not ask for less.
    pub command_seconds: u64,
    /// Seconds that a run of the tests may take.
    pub test_seconds: u64,
}

impl Default for ExecutionLimits {
    fn default() -> Self {
        Self {
            review_rounds: 3,
            fix_rounds: 3,
            parallel_lanes: 4,
            context_bytes: 320_000,
            max_output_tokens: 8_192,
            command_seconds: 300,
            test_seconds: 1_200,
        }
    }
}

/// What an execution was started with. Never holds a secret.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ExecutionSpec {
    /// Whose it is.
    pub org: OrgId,
    /// What is wanted.
    pub task: Task,
    /// The repository: an absolute path or a URL without credentials.
    pub repository: String,
    /// Who works on it.
    pub squad: Squad,
    /// With which models.
    pub models: ModelSettings,
    /// When a person approves the plan.
    pub approval: ApprovalPolicy,
    /// What it may cost in all; `None`: only the other budgets limit it.
    pub budget: Option<MicroUsd>,
    /// A person's test command.
    pub test_command: Option<String>,
    /// A person's setup command: run once on the base, its ignored files are given to every worktree.
    pub setup_command: Option<String>,
    /// Hosts that the setup command may reach; empty: none.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub setup_hosts: Vec<String>,
    /// Servers of further tools, by the person's name for them.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub mcp: McpServers,
    /// The branch that a person asked for; `None`: made from the task.
    pub branch: Option<String>,
    /// The sandbox tier asked for: `auto`, `builtin`, …
    pub sandbox: String,
    /// Its limits.
    #[serde(default)]
    pub limits: ExecutionLimits,
}
