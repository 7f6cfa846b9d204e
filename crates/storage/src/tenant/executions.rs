//! Executions of one organization.

use super::{Page, Tenant};
use crate::convert::{money, number, status, timestamp};
use crate::error::StorageError;
use crate::read::{ExecutionRow, Lease};
use sea_orm::QueryResult;
use squad_domain::execution::Status;
use squad_domain::ids::{ExecutionId, OrgId, SquadId};
use uuid::Uuid;

/// Which executions a list shows. The default: all.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct TenantExecutions {
    /// Only those of a squad.
    pub squad: Option<SquadId>,
    /// Only those in this state.
    pub status: Option<Status>,
    /// Only those that have not ended.
    pub unfinished: bool,
}

const COLUMNS: &str = "e.id, e.org_id, e.squad_id, e.title, e.repository, e.branch, e.status, e.reason, e.paused, e.cost, \
    e.last_seq, e.created_at, e.updated_at, e.runnable, e.lease_owner, e.lease_until, b.limit_amount";
const FROM: &str =
    "executions e LEFT JOIN budgets b ON b.execution_id = e.id AND b.member IS NULL AND b.org_id = e.org_id";

fn execution(row: &QueryResult) -> Result<ExecutionRow, StorageError> {
    let (owner, until): (Option<String>, Option<i64>) =
        (row.try_get("", "lease_owner")?, row.try_get("", "lease_until")?);
    let limit: Option<i64> = row.try_get("", "limit_amount")?;
    Ok(ExecutionRow {
        id: ExecutionId(row.try_get::<Uuid>("", "id")?),
        org: OrgId(row.try_get::<Uuid>("", "org_id")?),
        squad: SquadId(row.try_get::<Uuid>("", "squad_id")?),
        title: row.try_get("", "title")?,
        repository: row.try_get("", "repository")?,
        branch: row.try_get("", "branch")?,
        status: status(&row.try_get::<String>("", "status")?)?,
        reason: row.try_get("", "reason")?,
        paused: row.try_get("", "paused")?,
        cost: money(row.try_get("", "cost")?),
        budget: limit.map(money),
        last_seq: number(row.try_get("", "last_seq")?),
        created_at: timestamp(row.try_get("", "created_at")?),
        updated_at: timestamp(row.try_get("", "updated_at")?),
        runnable: row.try_get("", "runnable")?,
        lease: owner.zip(until).map(|(owner, until)| Lease { owner, until: timestamp(until) }),
    })
}

impl Tenant {
    /// One execution.
    ///
    /// # Errors
    /// Where the database fails.
    pub async fn execution(&self, id: ExecutionId) -> Result<Option<ExecutionRow>, StorageError> {
        let sql = format!("SELECT {COLUMNS} FROM {FROM} WHERE e.org_id = $1 AND e.id = $2");
        self.one(&sql, [id.0.into()]).await?.as_ref().map(execution).transpose()
    }

    /// Executions, newest first.
    ///
    /// # Errors
    /// Where the database fails.
    pub async fn executions(
        &self,
        wanted: TenantExecutions,
        page: Page,
    ) -> Result<Vec<ExecutionRow>, StorageError> {
        let mut sql = format!("SELECT {COLUMNS} FROM {FROM} WHERE e.org_id = $1 AND e.id < $2");
        let mut values = vec![page.below().into()];
        if let Some(squad) = wanted.squad {
            values.push(squad.0.into());
            sql.push_str(&format!(" AND e.squad_id = ${}", values.len() + 1));
        }
        if let Some(status) = wanted.status {
            values.push(status.slug().into());
            sql.push_str(&format!(" AND e.status = ${}", values.len() + 1));
        }
        if wanted.unfinished {
            let ended = Status::ALL.iter().filter(|status| status.is_terminal());
            let ended: Vec<String> = ended.map(|status| format!("'{}'", status.slug())).collect();
            sql.push_str(&format!(" AND e.status NOT IN ({})", ended.join(", ")));
        }
        values.push(crate::convert::count(page.limit).into());
        sql.push_str(&format!(" ORDER BY e.id DESC LIMIT ${}", values.len() + 1));
        self.all(&sql, values).await?.iter().map(execution).collect()
    }
}
