//! Model calls and their reservations.

use super::{Path, Scopes};
use crate::convert::{amount, count, micros, money, text};
use crate::dialect::{all, execute, one};
use crate::entity::model_call;
use crate::error::{AppendError, StorageError};
use sea_orm::{DatabaseTransaction, DbErr, EntityTrait as _, IntoActiveModel as _};
use squad_domain::Timestamp;
use squad_domain::execution::EventBody;
use squad_domain::ids::{LaneId, MemberName, StepKey};
use squad_domain::model::{Purpose, Usage};
use squad_domain::money::MicroUsd;

/// A call that is about to be made.
pub(crate) struct StartedCall<'a> {
    pub(crate) step: &'a StepKey,
    pub(crate) lane: &'a LaneId,
    pub(crate) purpose: Purpose,
    /// The first candidate.
    pub(crate) asked: String,
    pub(crate) reserved: MicroUsd,
    pub(crate) at: Timestamp,
}

/// How a call ended.
pub(crate) struct Settlement {
    model: Option<String>,
    error: Option<String>,
    cost: MicroUsd,
    usage: Usage,
    estimated: bool,
    attempts: usize,
    latency_ms: u64,
    first_token_ms: Option<u64>,
    at: Timestamp,
}

impl Settlement {
    /// Of an event that ends a call.
    pub(crate) fn of(body: &EventBody, at: Timestamp) -> Option<Self> {
        match body {
            EventBody::ModelCallFinished {
                model,
                usage,
                estimated,
                cost,
                latency_ms,
                first_token_ms,
                attempts,
                ..
            } => Some(Self {
                model: Some(model.to_string()),
                error: None,
                cost: *cost,
                usage: *usage,
                estimated: *estimated,
                attempts: attempts.len(),
                latency_ms: *latency_ms,
                first_token_ms: *first_token_ms,
                at,
            }),
            EventBody::ModelCallFailed { message, cost, attempts, .. } => Some(Self {
                model: None,
                error: Some(text(message)),
                cost: *cost,
                usage: Usage::default(),
                estimated: false,
                attempts: attempts.len(),
                latency_ms: attempts.iter().map(|attempt| attempt.latency_ms).sum(),
                first_token_ms: None,
                at,
            }),
            _ => None,
        }
    }
}

/// Sets a call's worst case aside on every budget of its path, and notes the call.
pub(crate) async fn reserve(
    transaction: &DatabaseTransaction,
    path: &Path,
    call: &StartedCall<'_>,
) -> Result<(), AppendError> {
    let reserved = amount(call.reserved);
    // A call that costs nothing fits any budget, even one that is overdrawn.
    if reserved > 0 {
        let [org, squad, execution, member] = path.budgets().map(|scope| scope.key().into());
        let fit = all(
            transaction,
            "UPDATE budgets SET reserved = reserved + $1 WHERE scope IN ($2, $3, $4, $5) \
                AND (limit_amount IS NULL OR spent + reserved + $1 <= limit_amount) RETURNING scope",
            [reserved.into(), org, squad, execution, member],
        )
        .await?;
        let fit = fit.iter().map(|row| row.try_get("", "scope")).collect::<Result<Vec<String>, DbErr>>()?;
        // One that does not fit fails the whole transaction, so that the others give back what they took.
        if let Some(scope) = path.budgets().into_iter().find(|scope| !fit.contains(&scope.key())) {
            let budget = super::row(transaction, &scope)
                .await?
                .ok_or_else(|| StorageError::NotFound { what: format!("the budget of {scope}") })?;
            return Err(AppendError::BudgetExceeded {
                scope,
                limit: budget.limit.unwrap_or_default(),
                used: budget.spent + budget.reserved,
                needed: money(reserved),
                step: call.step.clone(),
            });
        }
    }
    let row = model_call::Model {
        execution_id: path.scopes.execution.0,
        step: text(call.step.as_str()),
        org_id: path.scopes.org.0,
        squad_id: path.scopes.squad.0,
        lane: text(call.lane.as_str()),
        member: path.member.0.clone(),
        purpose: call.purpose.to_string(),
        model_asked: text(&call.asked),
        model_used: None,
        outcome: "running".to_owned(),
        error: None,
        started_at: micros(call.at),
        finished_at: None,
        reserved,
        cost: 0,
        input_tokens: 0,
        cached_input_tokens: 0,
        cache_write_tokens: 0,
        output_tokens: 0,
        reasoning_tokens: 0,
        estimated: false,
        attempts: 0,
        latency_ms: None,
        first_token_ms: None,
    };
    model_call::Entity::insert(row.into_active_model()).exec_without_returning(transaction).await?;
    Ok(())
}

/// Books what a call really cost, in full, and gives back what was set aside for it. Does nothing where the call is
/// settled already, or was never started. Tells what was booked, in micro-dollars.
pub(crate) async fn settle(
    transaction: &DatabaseTransaction,
    scopes: &Scopes,
    step: &StepKey,
    settlement: &Settlement,
) -> Result<i64, AppendError> {
    let execution = scopes.execution.0;
    let step = text(step.as_str());
    let call = one(
        transaction,
        "SELECT reserved, member FROM model_calls WHERE execution_id = $1 AND step = $2 AND outcome = 'running'",
        [execution.into(), step.as_str().into()],
    )
    .await?;
    let Some(call) = call else { return Ok(0) };
    let reserved: i64 = call.try_get("", "reserved")?;
    let member: String = call.try_get("", "member")?;
    let cost = amount(settlement.cost);
    let outcome = if settlement.error.is_none() { "ok" } else { "failed" };
    execute(
        transaction,
        "UPDATE model_calls SET outcome = $1, model_used = $2, error = $3, finished_at = $4, reserved = 0, cost = $5, \
            input_tokens = $6, cached_input_tokens = $7, cache_write_tokens = $8, output_tokens = $9, \
            reasoning_tokens = $10, estimated = $11, attempts = $12, latency_ms = $13, first_token_ms = $14 \
         WHERE execution_id = $15 AND step = $16",
        [
            outcome.into(),
            settlement.model.as_deref().map(text).into(),
            settlement.error.clone().into(),
            micros(settlement.at).into(),
            cost.into(),
            count(settlement.usage.input).into(),
            count(settlement.usage.cached_input).into(),
            count(settlement.usage.cache_write).into(),
            count(settlement.usage.output).into(),
            count(settlement.usage.reasoning).into(),
            settlement.estimated.into(),
            count(settlement.attempts as u64).into(),
            count(settlement.latency_ms).into(),
            settlement.first_token_ms.map(count).into(),
            execution.into(),
            step.into(),
        ],
    )
    .await?;
    let path = Path { scopes: *scopes, member: MemberName(member) };
    book(transaction, &path, reserved, cost).await?;
    Ok(cost)
}

/// Gives back everything that calls of the execution still hold. A call that is settled later is booked all the same.
pub(crate) async fn release_all(
    transaction: &DatabaseTransaction,
    scopes: &Scopes,
) -> Result<(), AppendError> {
    let held = all(
        transaction,
        "UPDATE model_calls SET reserved = 0 \
         WHERE execution_id = $1 AND outcome = 'running' AND reserved > 0 RETURNING step",
        [scopes.execution.0.into()],
    )
    .await?;
    if held.is_empty() {
        return Ok(());
    }
    // RETURNING tells the new value, so what was held is taken from the members' budgets, which belong to this
    // execution alone: all that is reserved there is what its calls hold.
    let members = all(
        transaction,
        "SELECT member, reserved FROM budgets \
         WHERE execution_id = $1 AND member IS NOT NULL AND reserved > 0 ORDER BY member",
        [scopes.execution.0.into()],
    )
    .await?;
    for row in members {
        let path = Path { scopes: *scopes, member: MemberName(row.try_get("", "member")?) };
        book(transaction, &path, row.try_get("", "reserved")?, 0).await?;
    }
    Ok(())
}

async fn book(
    transaction: &DatabaseTransaction,
    path: &Path,
    released: i64,
    spent: i64,
) -> Result<(), AppendError> {
    if released == 0 && spent == 0 {
        return Ok(());
    }
    let [org, squad, execution, member] = path.budgets().map(|scope| scope.key().into());
    execute(
        transaction,
        "UPDATE budgets SET reserved = reserved - $1, spent = spent + $2 WHERE scope IN ($3, $4, $5, $6)",
        [released.into(), spent.into(), org, squad, execution, member],
    )
    .await?;
    Ok(())
}
