//! Deleting a task, or putting it away where an execution needs it.

use super::change::{TaskPatch, patch};
use super::hold;
use super::refusal::TaskError;
use super::row::{TaskRow, find};
use crate::dialect::{execute, one};
use crate::tenant::audit::Audit;
use crate::tenant::{Author, Tenant, TenantWrite};
use async_trait::async_trait;
use sea_orm::DatabaseTransaction;
use serde_json::json;
use squad_domain::ids::OrgId;
use uuid::Uuid;

/// What came of deleting a task.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TaskRemoval {
    /// It is gone, with its comments and attachments.
    Deleted,
    /// Executions worked on it, so it is put away instead.
    Archived(TaskRow),
    /// It is not at the version that it was to be deleted at.
    Stale(TaskRow),
    /// There is no such task.
    NotFound,
}

impl Tenant {
    /// Deletes a task, with its comments and attachments. One that executions worked on is archived instead. `expected`
    /// is the version that the decision was made for; without it, any.
    ///
    /// # Errors
    /// Where the database fails.
    pub async fn delete_task(
        &self,
        author: &Author,
        id: Uuid,
        expected: Option<u64>,
    ) -> Result<TaskRemoval, TaskError> {
        self.write(author, Delete { id, expected }).await
    }
}

/// What is left of a task that was to be deleted.
pub(super) enum Removed {
    Deleted,
    Archived(Box<TaskRow>),
}

/// Deletes the task or puts it away. The caller holds the board.
pub(super) async fn remove(
    transaction: &DatabaseTransaction,
    org: OrgId,
    at: i64,
    task: TaskRow,
) -> Result<Removed, TaskError> {
    let sql = "SELECT 1 AS found FROM executions WHERE org_id = $1 AND task_id = $2 LIMIT 1";
    if one(transaction, sql, [org.0.into(), task.id.into()]).await?.is_some() {
        let away = TaskPatch { archived: Some(true), ..TaskPatch::default() };
        let (task, _) = patch(transaction, org, at, task, &away).await?;
        return Ok(Removed::Archived(Box::new(task)));
    }
    let sql = "DELETE FROM tasks WHERE org_id = $1 AND id = $2";
    execute(transaction, sql, [org.0.into(), task.id.into()]).await?;
    Ok(Removed::Deleted)
}

struct Delete {
    id: Uuid,
    expected: Option<u64>,
}

#[async_trait]
impl TenantWrite for Delete {
    type Output = TaskRemoval;
    type Error = TaskError;

    async fn run(
        &self,
        transaction: &DatabaseTransaction,
        org: OrgId,
        at: i64,
    ) -> Result<TaskRemoval, TaskError> {
        hold(transaction, org).await?;
        let Some(task) = find(transaction, org, self.id).await? else { return Ok(TaskRemoval::NotFound) };
        if self.expected.is_some_and(|expected| expected != task.version) {
            return Ok(TaskRemoval::Stale(task));
        }
        Ok(match remove(transaction, org, at, task).await? {
            Removed::Deleted => TaskRemoval::Deleted,
            Removed::Archived(task) => TaskRemoval::Archived(*task),
        })
    }

    fn audit(&self, removal: &TaskRemoval) -> Option<Audit> {
        match removal {
            TaskRemoval::Deleted => Some(Audit::new("task.deleted", self.id, json!({}))),
            TaskRemoval::Archived(_) => Some(Audit::new("task.archived", self.id, json!({}))),
            TaskRemoval::Stale(_) | TaskRemoval::NotFound => None,
        }
    }
}
