//! Model calls: who, what for, with which model, at what cost.

use crate::connect::Storage;
use crate::convert::{money, number, timestamp};
use crate::entity::model_call;
use crate::error::StorageError;
use sea_orm::{ColumnTrait as _, EntityTrait as _, QueryFilter as _, QueryOrder as _};
use squad_domain::Timestamp;
use squad_domain::ids::{ExecutionId, LaneId, MemberName, StepKey};
use squad_domain::model::Usage;
use squad_domain::money::MicroUsd;

/// How a call stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CallOutcome {
    /// Under way, or its worker is gone.
    Running,
    /// A model answered.
    Ok,
    /// None did; why, in the provider's own words.
    Failed(String),
}

/// A model call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ModelCallRow {
    /// The step.
    pub step: StepKey,
    /// The lane.
    pub lane: LaneId,
    /// The member.
    pub member: MemberName,
    /// What for: `plan`, `code`, …
    pub purpose: String,
    /// The model that was asked first.
    pub model_asked: String,
    /// The model that answered.
    pub model_used: Option<String>,
    /// How it stands.
    pub outcome: CallOutcome,
    /// When it was started.
    pub started_at: Timestamp,
    /// When it ended.
    pub finished_at: Option<Timestamp>,
    /// What is still set aside for it.
    pub reserved: MicroUsd,
    /// What it cost.
    pub cost: MicroUsd,
    /// What it used.
    pub usage: Usage,
    /// Whether the usage is an estimate.
    pub estimated: bool,
    /// How many tries it took, over all models.
    pub attempts: u64,
    /// From request to last byte, in milliseconds.
    pub latency_ms: Option<u64>,
    /// From request to first token, in milliseconds.
    pub first_token_ms: Option<u64>,
}

impl Storage {
    /// The model calls of an execution, in the order in which they were started.
    ///
    /// # Errors
    /// Where the database fails.
    pub async fn model_calls(&self, id: ExecutionId) -> Result<Vec<ModelCallRow>, StorageError> {
        let calls = model_call::Entity::find()
            .filter(model_call::Column::ExecutionId.eq(id.0))
            .order_by_asc(model_call::Column::StartedAt)
            .order_by_asc(model_call::Column::Step)
            .all(&self.pool)
            .await?;
        Ok(calls.into_iter().map(row).collect())
    }
}

fn row(call: model_call::Model) -> ModelCallRow {
    ModelCallRow {
        step: call.step.into(),
        lane: call.lane.into(),
        member: call.member.into(),
        purpose: call.purpose,
        model_asked: call.model_asked,
        model_used: call.model_used,
        outcome: match (call.outcome.as_str(), call.error) {
            ("running", _) => CallOutcome::Running,
            (_, Some(error)) => CallOutcome::Failed(error),
            (_, None) => CallOutcome::Ok,
        },
        started_at: timestamp(call.started_at),
        finished_at: call.finished_at.map(timestamp),
        reserved: money(call.reserved),
        cost: money(call.cost),
        usage: Usage {
            input: number(call.input_tokens),
            cached_input: number(call.cached_input_tokens),
            cache_write: number(call.cache_write_tokens),
            output: number(call.output_tokens),
            reasoning: number(call.reasoning_tokens),
        },
        estimated: call.estimated,
        attempts: number(call.attempts),
        latency_ms: call.latency_ms.map(number),
        first_token_ms: call.first_token_ms.map(number),
    }
}
