//! Executions.

use crate::dto::moment::Moment;
use serde::Serialize;
use squad_storage::ExecutionRow;
use utoipa::ToSchema;
use uuid::Uuid;

/// A squad at work on a task.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Execution {
    /// Its id.
    id: Uuid,
    /// Its last eight digits: what people say.
    #[schema(example = "9f3c2a10")]
    short_id: String,
    /// Who works on it.
    squad_id: Uuid,
    /// What is wanted, in a line.
    #[schema(example = "Let the cart count")]
    title: String,
    /// The repository, without credentials.
    repository: String,
    /// The branch that it makes, or made.
    #[serde(skip_serializing_if = "Option::is_none")]
    branch: Option<String>,
    /// Where it stands; `docs/states.md` tells what each means.
    #[schema(schema_with = super::slugs::status)]
    status: &'static str,
    /// Why it stands there.
    reason: String,
    /// Whether a person paused it.
    paused: bool,
    /// What it has cost so far, in US dollars.
    #[schema(example = 0.42)]
    cost_usd: f64,
    /// What it may cost, in US dollars.
    #[serde(skip_serializing_if = "Option::is_none")]
    budget_usd: Option<f64>,
    /// Its last event.
    last_seq: u64,
    /// When it was asked for.
    created_at: Moment,
    /// When something last happened.
    updated_at: Moment,
    /// The worker that drives it now.
    #[serde(skip_serializing_if = "Option::is_none")]
    worker: Option<String>,
}

impl From<ExecutionRow> for Execution {
    fn from(row: ExecutionRow) -> Self {
        Self {
            id: row.id.0,
            short_id: row.id.short(),
            squad_id: row.squad.0,
            title: row.title,
            repository: row.repository,
            branch: row.branch,
            status: row.status.slug(),
            reason: row.reason,
            paused: row.paused,
            cost_usd: row.cost.dollars(),
            budget_usd: row.budget.map(squad_domain::money::MicroUsd::dollars),
            last_seq: row.last_seq,
            created_at: row.created_at.into(),
            updated_at: row.updated_at.into(),
            worker: row.lease.map(|lease| lease.owner),
        }
    }
}
