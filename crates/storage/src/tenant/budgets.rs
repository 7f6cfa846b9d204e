//! What the organization and its squads may spend in all.

use super::audit::Audit;
use super::{Author, Tenant, TenantWrite};
use crate::convert::{amount, money};
use crate::dialect::{execute, one};
use crate::error::StorageError;
use crate::money::{BudgetRow, BudgetScope};
use async_trait::async_trait;
use sea_orm::DatabaseTransaction;
use serde_json::json;
use squad_domain::ids::{OrgId, SquadId};
use squad_domain::money::MicroUsd;

const UNUSED: BudgetRow = BudgetRow { limit: None, spent: MicroUsd::ZERO, reserved: MicroUsd::ZERO };

impl Tenant {
    /// How the organization's budget stands, or that of one of its squads; `None` where there is no such squad.
    ///
    /// # Errors
    /// Where the database fails.
    pub async fn budget(&self, squad: Option<SquadId>) -> Result<Option<BudgetRow>, StorageError> {
        if let Some(squad) = squad {
            let sql = "SELECT 1 AS found FROM squads WHERE org_id = $1 AND id = $2";
            if self.one(sql, [squad.0.into()]).await?.is_none() {
                return Ok(None);
            }
        }
        let sql = "SELECT limit_amount, spent, reserved FROM budgets WHERE org_id = $1 AND scope = $2";
        let row = self.one(sql, [scope(self.org(), squad).key().into()]).await?;
        let Some(row) = row else { return Ok(Some(UNUSED)) };
        Ok(Some(BudgetRow {
            limit: row.try_get::<Option<i64>>("", "limit_amount")?.map(money),
            spent: money(row.try_get("", "spent")?),
            reserved: money(row.try_get("", "reserved")?),
        }))
    }

    /// Sets what the organization, or one of its squads, may spend in all; `None`: anything. What is spent already stays.
    /// Tells whether there is such a squad.
    ///
    /// # Errors
    /// Where the database fails.
    pub async fn set_budget(
        &self,
        author: &Author,
        squad: Option<SquadId>,
        limit: Option<MicroUsd>,
    ) -> Result<bool, StorageError> {
        self.write(author, SetBudget { squad, limit }).await
    }
}

fn scope(org: OrgId, squad: Option<SquadId>) -> BudgetScope {
    squad.map_or(BudgetScope::Org(org), BudgetScope::Squad)
}

struct SetBudget {
    squad: Option<SquadId>,
    limit: Option<MicroUsd>,
}

#[async_trait]
impl TenantWrite for SetBudget {
    type Output = bool;
    type Error = StorageError;

    async fn run(&self, transaction: &DatabaseTransaction, org: OrgId, _: i64) -> Result<bool, StorageError> {
        if let Some(squad) = self.squad {
            let sql = "SELECT 1 AS found FROM squads WHERE org_id = $1 AND id = $2";
            if one(transaction, sql, [org.0.into(), squad.0.into()]).await?.is_none() {
                return Ok(false);
            }
        }
        let sql = "INSERT INTO budgets (scope, org_id, limit_amount, spent, reserved) VALUES ($1, $2, $3, 0, 0) \
            ON CONFLICT (scope) DO UPDATE SET limit_amount = excluded.limit_amount";
        let key = scope(org, self.squad).key();
        execute(transaction, sql, [key.into(), org.0.into(), self.limit.map(amount).into()]).await?;
        Ok(true)
    }

    fn audit(&self, done: &bool) -> Option<Audit> {
        let subject = self.squad.map(|squad| squad.to_string()).unwrap_or_default();
        let details = json!({ "limit_usd": self.limit.map(MicroUsd::dollars) });
        done.then(|| Audit::new("budget.set", subject, details))
    }
}
