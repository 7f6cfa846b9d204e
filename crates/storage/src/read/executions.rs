//! Executions, as lists show them.

use crate::connect::Storage;
use crate::convert::{micros, money, number, status, timestamp};
use crate::entity::{budget, execution};
use crate::error::StorageError;
use sea_orm::sea_query::Condition;
use sea_orm::{ColumnTrait as _, EntityTrait as _, QueryFilter as _, QueryOrder as _, QuerySelect as _};
use squad_domain::Timestamp;
use squad_domain::execution::Status;
use squad_domain::ids::{ExecutionId, OrgId, SquadId};
use squad_domain::money::MicroUsd;
use std::collections::HashMap;
use uuid::Uuid;

/// Who drives an execution.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lease {
    /// The worker.
    pub owner: String,
    /// How long its lease lasts unless it is renewed.
    pub until: Timestamp,
}

/// An execution as lists show it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExecutionRow {
    /// Its id.
    pub id: ExecutionId,
    /// Whose it is.
    pub org: OrgId,
    /// Which squad works on it.
    pub squad: SquadId,
    /// The task's title.
    pub title: String,
    /// The repository, as given.
    pub repository: String,
    /// The delivered branch; before that, the one that was asked for.
    pub branch: Option<String>,
    /// Where it stands.
    pub status: Status,
    /// Why it stands there.
    pub reason: String,
    /// Whether a person paused it.
    pub paused: bool,
    /// What it has cost so far.
    pub cost: MicroUsd,
    /// What it may cost.
    pub budget: Option<MicroUsd>,
    /// Its last event.
    pub last_seq: u64,
    /// When it was asked for.
    pub created_at: Timestamp,
    /// When its last event was appended.
    pub updated_at: Timestamp,
    /// Whether there is something to do that waits for nobody.
    pub runnable: bool,
    /// Who drives it.
    pub lease: Option<Lease>,
}

/// Which executions a list shows. The default: all.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct ExecutionFilter {
    /// Only those of an organization.
    pub org: Option<OrgId>,
    /// Only those that have not ended.
    pub unfinished: bool,
    /// Only those older than this one: the last of the page before.
    pub before: Option<(Timestamp, ExecutionId)>,
}

impl Storage {
    /// One execution.
    ///
    /// # Errors
    /// Where the database fails.
    pub async fn execution(&self, id: ExecutionId) -> Result<Option<ExecutionRow>, StorageError> {
        let row = execution::Entity::find_by_id(id.0).one(&self.pool).await?;
        Ok(self.rows(row.into_iter().collect()).await?.pop())
    }

    /// At most `limit` executions, newest first.
    ///
    /// # Errors
    /// Where the database fails.
    pub async fn executions(
        &self,
        limit: u64,
        filter: ExecutionFilter,
    ) -> Result<Vec<ExecutionRow>, StorageError> {
        let mut query = execution::Entity::find()
            .order_by_desc(execution::Column::CreatedAt)
            .order_by_desc(execution::Column::Id)
            .limit(limit);
        if let Some(org) = filter.org {
            query = query.filter(execution::Column::OrgId.eq(org.0));
        }
        if filter.unfinished {
            let ended = Status::ALL.iter().filter(|status| status.is_terminal()).map(|status| status.slug());
            query = query.filter(execution::Column::Status.is_not_in(ended));
        }
        if let Some((at, id)) = filter.before {
            let at = micros(at);
            let older = Condition::any().add(execution::Column::CreatedAt.lt(at)).add(
                Condition::all().add(execution::Column::CreatedAt.eq(at)).add(execution::Column::Id.lt(id.0)),
            );
            query = query.filter(older);
        }
        self.rows(query.all(&self.pool).await?).await
    }

    /// The executions whose id is, begins or ends with `text`: whole, or a few hexadecimal digits of it. Newest first; more
    /// than one where the digits are too few. None where the text is no part of an id.
    ///
    /// # Errors
    /// Where the database fails.
    pub async fn find(&self, text: &str) -> Result<Vec<ExecutionRow>, StorageError> {
        let digits: String =
            text.trim().chars().filter(|char| *char != '-').collect::<String>().to_ascii_lowercase();
        if digits.is_empty() || digits.len() > 32 || !digits.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            return Ok(Vec::new());
        }
        let (low, high) = (format!("{digits:0<32}"), format!("{digits:f<32}"));
        let (Ok(low), Ok(high)) = (Uuid::parse_str(&low), Uuid::parse_str(&high)) else {
            return Ok(Vec::new());
        };
        let tail = &digits[digits.len().saturating_sub(8)..];
        let matches = Condition::any()
            .add(execution::Column::Id.between(low, high))
            .add(execution::Column::ShortId.ends_with(tail));
        let found = execution::Entity::find()
            .filter(matches)
            .order_by_desc(execution::Column::CreatedAt)
            .order_by_desc(execution::Column::Id)
            .all(&self.pool)
            .await?;
        let really = |row: &execution::Model| {
            let id = row.id.simple().to_string();
            id.starts_with(&digits) || id.ends_with(&digits)
        };
        self.rows(found.into_iter().filter(really).collect()).await
    }

    async fn rows(&self, rows: Vec<execution::Model>) -> Result<Vec<ExecutionRow>, StorageError> {
        if rows.is_empty() {
            return Ok(Vec::new());
        }
        let ids: Vec<Uuid> = rows.iter().map(|row| row.id).collect();
        let limits: HashMap<Option<Uuid>, Option<i64>> = budget::Entity::find()
            .filter(budget::Column::ExecutionId.is_in(ids))
            .filter(budget::Column::Member.is_null())
            .all(&self.pool)
            .await?
            .into_iter()
            .map(|budget| (budget.execution_id, budget.limit_amount))
            .collect();
        rows.into_iter()
            .map(|row| {
                let limit = limits.get(&Some(row.id)).copied().flatten();
                shown(row, limit)
            })
            .collect()
    }
}

fn shown(row: execution::Model, limit: Option<i64>) -> Result<ExecutionRow, StorageError> {
    Ok(ExecutionRow {
        id: ExecutionId(row.id),
        org: OrgId(row.org_id),
        squad: SquadId(row.squad_id),
        title: row.title,
        repository: row.repository,
        branch: row.branch,
        status: status(&row.status)?,
        reason: row.reason,
        paused: row.paused,
        cost: money(row.cost),
        budget: limit.map(money),
        last_seq: number(row.last_seq),
        created_at: timestamp(row.created_at),
        updated_at: timestamp(row.updated_at),
        runnable: row.runnable,
        lease: row
            .lease_owner
            .zip(row.lease_until)
            .map(|(owner, until)| Lease { owner, until: timestamp(until) }),
    })
}
