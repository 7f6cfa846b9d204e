//! Which executions work on which task.

use super::hold;
use super::references::exists;
use super::refusal::{TaskError, TaskRefusal};
use crate::convert::{count, money, status, timestamp};
use crate::dialect::execute;
use crate::error::StorageError;
use crate::tenant::audit::Audit;
use crate::tenant::{Author, Page, Tenant, TenantWrite};
use async_trait::async_trait;
use sea_orm::{DatabaseTransaction, QueryResult};
use serde_json::json;
use squad_domain::Timestamp;
use squad_domain::execution::Status;
use squad_domain::ids::{ExecutionId, OrgId, SquadId};
use squad_domain::money::MicroUsd;
use uuid::Uuid;

/// An execution, as it is shown beside its task.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TaskExecutionRow {
    /// Its id.
    pub id: ExecutionId,
    /// Which squad works on it.
    pub squad: SquadId,
    /// Its own title.
    pub title: String,
    /// Where it stands.
    pub status: Status,
    /// What it has cost so far.
    pub cost: MicroUsd,
    /// When it was asked for.
    pub created_at: Timestamp,
    /// When its last event was appended.
    pub updated_at: Timestamp,
}

fn execution(row: &QueryResult) -> Result<TaskExecutionRow, StorageError> {
    Ok(TaskExecutionRow {
        id: ExecutionId(row.try_get("", "id")?),
        squad: SquadId(row.try_get("", "squad_id")?),
        title: row.try_get("", "title")?,
        status: status(&row.try_get::<String>("", "status")?)?,
        cost: money(row.try_get("", "cost")?),
        created_at: timestamp(row.try_get("", "created_at")?),
        updated_at: timestamp(row.try_get("", "updated_at")?),
    })
}

impl Tenant {
    /// The executions that work or worked on a task, newest first.
    ///
    /// # Errors
    /// Where the database fails.
    pub async fn executions_of_task(
        &self,
        task: Uuid,
        page: Page,
    ) -> Result<Vec<TaskExecutionRow>, StorageError> {
        let sql = "SELECT id, squad_id, title, status, cost, created_at, updated_at FROM executions \
            WHERE org_id = $1 AND task_id = $2 AND id < $3 ORDER BY id DESC LIMIT $4";
        let values = [task.into(), page.below().into(), count(page.limit).into()];
        self.all(sql, values).await?.iter().map(execution).collect()
    }

    /// The task that an execution works on.
    ///
    /// # Errors
    /// Where the database fails.
    pub async fn task_of_execution(&self, execution: ExecutionId) -> Result<Option<Uuid>, StorageError> {
        let sql = "SELECT task_id FROM executions WHERE org_id = $1 AND id = $2";
        let row = self.one(sql, [execution.0.into()]).await?;
        Ok(row.map_or(Ok(None), |row| row.try_get("", "task_id"))?)
    }

    /// Says which task an execution works on; `None`: none. Tells whether there is such an execution.
    ///
    /// # Errors
    /// [`TaskRefusal::UnknownTask`] where the organization has no such task.
    pub async fn set_execution_task(
        &self,
        author: &Author,
        execution: ExecutionId,
        task: Option<Uuid>,
    ) -> Result<bool, TaskError> {
        self.write(author, Link { execution, task }).await
    }
}

struct Link {
    execution: ExecutionId,
    task: Option<Uuid>,
}

#[async_trait]
impl TenantWrite for Link {
    type Output = bool;
    type Error = TaskError;

    async fn run(&self, transaction: &DatabaseTransaction, org: OrgId, _: i64) -> Result<bool, TaskError> {
        hold(transaction, org).await?;
        if let Some(task) = self.task
            && !exists(transaction, org, "tasks", "id", task).await?
        {
            return Err(TaskRefusal::UnknownTask(task).into());
        }
        let sql = "UPDATE executions SET task_id = $3 WHERE org_id = $1 AND id = $2";
        let values = [org.0.into(), self.execution.0.into(), self.task.into()];
        Ok(execute(transaction, sql, values).await? == 1)
    }

    fn audit(&self, linked: &bool) -> Option<Audit> {
        linked.then(|| Audit::new("execution.linked", self.execution, json!({ "task": self.task })))
    }
}
