//! What must be done before what.

use super::hold;
use super::references::exists;
use super::refusal::{TaskError, TaskRefusal};
use super::words::state;
use crate::convert::number;
use crate::dialect::{execute, one};
use crate::error::StorageError;
use crate::tenant::audit::Audit;
use crate::tenant::{Author, Tenant, TenantWrite};
use async_trait::async_trait;
use sea_orm::{DatabaseTransaction, QueryResult};
use serde_json::json;
use squad_domain::board::TaskState;
use squad_domain::ids::OrgId;
use uuid::Uuid;

/// Most tasks that are told of on either side.
const MAX_TOLD: u64 = 500;

/// A task, as it is shown beside another one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TaskLink {
    /// Its id.
    pub id: Uuid,
    /// What people call it.
    pub number: u64,
    /// Its one line.
    pub title: String,
    /// In which column it is.
    pub state: TaskState,
}

/// What a task waits for, and what waits for it. By number.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct TaskDependencies {
    /// What it waits for, done or not.
    pub waits_for: Vec<TaskLink>,
    /// What waits for it.
    pub holds_up: Vec<TaskLink>,
}

fn link(row: &QueryResult) -> Result<TaskLink, StorageError> {
    Ok(TaskLink {
        id: row.try_get("", "id")?,
        number: number(row.try_get("", "number")?),
        title: row.try_get("", "title")?,
        state: state(&row.try_get::<String>("", "state")?)?,
    })
}

impl Tenant {
    /// What a task waits for, and what waits for it.
    ///
    /// # Errors
    /// Where the database fails.
    pub async fn task_dependencies(&self, task: Uuid) -> Result<TaskDependencies, StorageError> {
        let beside = async |mine: &str, other: &str| -> Result<Vec<TaskLink>, StorageError> {
            let sql = format!(
                "SELECT t.id, t.number, t.title, t.state FROM task_dependencies d JOIN tasks t ON t.id = d.{other} \
                 WHERE d.org_id = $1 AND t.org_id = $1 AND d.{mine} = $2 ORDER BY t.number LIMIT {MAX_TOLD}"
            );
            self.all(&sql, [task.into()]).await?.iter().map(link).collect()
        };
        Ok(TaskDependencies {
            waits_for: beside("task_id", "depends_on").await?,
            holds_up: beside("depends_on", "task_id").await?,
        })
    }

    /// Lets a task wait for another one. Tells whether it did not do so before.
    ///
    /// # Errors
    /// [`TaskRefusal::UnknownTask`] for either of them, [`TaskRefusal::Cycle`] where the other one waits for this one,
    /// over others or not.
    pub async fn add_task_dependency(
        &self,
        author: &Author,
        task: Uuid,
        depends_on: Uuid,
    ) -> Result<bool, TaskError> {
        self.write(author, Add { task, depends_on }).await
    }

    /// Lets a task wait for another one no more. Tells whether it did.
    ///
    /// # Errors
    /// Where the database fails.
    pub async fn remove_task_dependency(
        &self,
        author: &Author,
        task: Uuid,
        depends_on: Uuid,
    ) -> Result<bool, StorageError> {
        self.write(author, Remove { task, depends_on }).await
    }
}

struct Add {
    task: Uuid,
    depends_on: Uuid,
}

#[async_trait]
impl TenantWrite for Add {
    type Output = bool;
    type Error = TaskError;

    async fn run(&self, transaction: &DatabaseTransaction, org: OrgId, _: i64) -> Result<bool, TaskError> {
        hold(transaction, org).await?;
        for task in [self.task, self.depends_on] {
            if !exists(transaction, org, "tasks", "id", task).await? {
                return Err(TaskRefusal::UnknownTask(task).into());
            }
        }
        let path = "WITH RECURSIVE reached (id) AS (\
                SELECT depends_on FROM task_dependencies WHERE org_id = $1 AND task_id = $2 \
                UNION SELECT d.depends_on FROM task_dependencies d JOIN reached r ON d.task_id = r.id WHERE d.org_id = $1\
            ) SELECT 1 AS found FROM reached WHERE id = $3";
        let values = [org.0.into(), self.depends_on.into(), self.task.into()];
        if self.task == self.depends_on || one(transaction, path, values).await?.is_some() {
            return Err(TaskRefusal::Cycle.into());
        }
        let sql = "INSERT INTO task_dependencies (task_id, depends_on, org_id) VALUES ($1, $2, $3) \
            ON CONFLICT (task_id, depends_on) DO NOTHING";
        let values = [self.task.into(), self.depends_on.into(), org.0.into()];
        Ok(execute(transaction, sql, values).await? == 1)
    }

    fn audit(&self, added: &bool) -> Option<Audit> {
        let details = json!({ "depends_on": self.depends_on });
        added.then(|| Audit::new("task_dependency.created", self.task, details))
    }
}

struct Remove {
    task: Uuid,
    depends_on: Uuid,
}

#[async_trait]
impl TenantWrite for Remove {
    type Output = bool;
    type Error = StorageError;

    async fn run(&self, transaction: &DatabaseTransaction, org: OrgId, _: i64) -> Result<bool, StorageError> {
        let sql = "DELETE FROM task_dependencies WHERE org_id = $1 AND task_id = $2 AND depends_on = $3";
        let values = [org.0.into(), self.task.into(), self.depends_on.into()];
        Ok(execute(transaction, sql, values).await? == 1)
    }

    fn audit(&self, removed: &bool) -> Option<Audit> {
        let details = json!({ "depends_on": self.depends_on });
        removed.then(|| Audit::new("task_dependency.deleted", self.task, details))
    }
}
