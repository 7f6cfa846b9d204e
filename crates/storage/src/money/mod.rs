//! Budgets: what may be spent, what is, and what is set aside for calls that are under way.
//!
//! A call's worst case is reserved on every budget of its path (organization, squad, execution, member) by one UPDATE
//! that only matches those which it fits into. The same transaction appends the event, so that a call without a
//! reservation cannot start. A call's row in `model_calls` is its reservation while it runs; settling it takes it exactly
//! once.
//!
//! On Postgres, rows are locked in one order: the execution, its squad, then budgets. Of those, only the organization's
//! is shared with transactions that do not wait for the same squad already, so that no two ever wait for each other.

mod calls;
mod scope;

pub(crate) use calls::{Settlement, StartedCall, release_all, reserve, settle};
pub use scope::BudgetScope;
pub(crate) use scope::{Path, Scopes};

use crate::connect::Storage;
use crate::convert::{amount, money};
use crate::dialect::{execute, one};
use crate::error::StorageError;
use crate::write::Write;
use async_trait::async_trait;
use sea_orm::{ConnectionTrait, DatabaseTransaction};
use squad_domain::money::MicroUsd;

/// How a budget stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BudgetRow {
    /// What may be spent; `None`: anything.
    pub limit: Option<MicroUsd>,
    /// What settled calls cost.
    pub spent: MicroUsd,
    /// What is set aside for calls that are under way.
    pub reserved: MicroUsd,
}

struct SetBudget {
    scope: BudgetScope,
    limit: Option<MicroUsd>,
}

#[async_trait]
impl Write for SetBudget {
    type Output = ();
    type Error = StorageError;

    async fn run(&self, transaction: &DatabaseTransaction) -> Result<(), StorageError> {
        set_limit(transaction, &self.scope, self.limit).await
    }
}

impl Storage {
    /// Changes a limit. What is spent and reserved already stays, even where it is more. The budget of an organization
    /// can be set before anything of it exists, the others once there is an execution.
    ///
    /// # Errors
    /// [`StorageError::NotFound`] where there is no such squad, execution or member.
    pub async fn set_budget(&self, scope: &BudgetScope, limit: Option<MicroUsd>) -> Result<(), StorageError> {
        self.write(SetBudget { scope: scope.clone(), limit }).await
    }

    /// How a budget stands; `None` where nothing is known of it.
    ///
    /// # Errors
    /// Where the database fails.
    pub async fn budget(&self, scope: &BudgetScope) -> Result<Option<BudgetRow>, StorageError> {
        row(&self.pool, scope).await
    }
}

async fn row<C: ConnectionTrait>(
    connection: &C,
    scope: &BudgetScope,
) -> Result<Option<BudgetRow>, StorageError> {
    let sql = "SELECT limit_amount, spent, reserved FROM budgets WHERE scope = $1";
    let Some(row) = one(connection, sql, [scope.key().into()]).await? else { return Ok(None) };
    Ok(Some(BudgetRow {
        limit: row.try_get::<Option<i64>>("", "limit_amount")?.map(money),
        spent: money(row.try_get("", "spent")?),
        reserved: money(row.try_get("", "reserved")?),
    }))
}

/// Sets a limit within a transaction.
pub(crate) async fn set_limit(
    transaction: &DatabaseTransaction,
    scope: &BudgetScope,
    limit: Option<MicroUsd>,
) -> Result<(), StorageError> {
    if let BudgetScope::Org(org) = scope {
        execute(
            transaction,
            "INSERT INTO budgets (scope, org_id, spent, reserved) VALUES ($1, $2, 0, 0) ON CONFLICT (scope) DO NOTHING",
            [scope.key().into(), org.0.into()],
        )
        .await?;
    }
    let sql = "UPDATE budgets SET limit_amount = $1 WHERE scope = $2";
    match execute(transaction, sql, [limit.map(amount).into(), scope.key().into()]).await? {
        0 => Err(StorageError::NotFound { what: format!("the budget of {scope}") }),
        _ => Ok(()),
    }
}
