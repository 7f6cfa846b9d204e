//! What an execution is started with where nobody says otherwise: the installation's own configuration.

use squad_domain::execution::spec::ExecutionLimits;
use squad_domain::mcp::McpServers;
use squad_domain::model::ModelSettings;
use squad_domain::money::MicroUsd;
use squad_domain::squad::ApprovalPolicy;

/// What executions of this installation begin with.
#[derive(Debug, Clone, Default)]
pub struct Defaults {
    /// The models, with their providers and prices; `None`: nobody configured any, and there is no key.
    pub models: Option<ModelSettings>,
    /// When a person approves the plan.
    pub approval: ApprovalPolicy,
    /// What an execution may cost.
    pub budget: Option<MicroUsd>,
    /// Hosts that setup commands may reach.
    pub setup_hosts: Vec<String>,
    /// Servers of further tools.
    pub mcp: McpServers,
    /// The sandbox tier.
    pub sandbox: String,
    /// Limits.
    pub limits: ExecutionLimits,
}
