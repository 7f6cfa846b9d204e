//! The same change of many tasks at once.

use super::change::{TaskPatch, patch};
use super::hold;
use super::refusal::{TaskError, TaskRefusal};
use super::remove::{Removed, remove};
use super::row::{TaskRow, find};
use crate::tenant::audit::Audit;
use crate::tenant::{Author, Tenant, TenantWrite};
use async_trait::async_trait;
use sea_orm::DatabaseTransaction;
use serde_json::json;
use squad_domain::ids::OrgId;
use std::collections::{BTreeSet, HashSet};
use uuid::Uuid;

/// Most tasks that are changed at once: they are one transaction, for which others wait.
pub const MAX_BULK_TASKS: usize = 200;

/// What shall become of each of them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum BulkTaskChange {
    /// As [`Tenant::update_task`], whatever their versions are.
    Update(TaskPatch),
    /// As [`Tenant::delete_task`].
    Delete,
}

/// What became of one of them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum BulkTaskOutcome {
    /// It is so now.
    Updated(TaskRow),
    /// It is gone.
    Deleted,
    /// Executions worked on it, so it is put away instead.
    Archived(TaskRow),
    /// A rule stands against it; this one stays as it was.
    Refused(TaskRefusal),
    /// There is no such task.
    NotFound,
}

impl Tenant {
    /// Changes many tasks as one transaction, in the order given. One that is refused does not keep the others from being
    /// changed. An id that is given twice counts once.
    ///
    /// # Errors
    /// [`TaskRefusal::TooMany`] for more than [`MAX_BULK_TASKS`].
    pub async fn change_tasks(
        &self,
        author: &Author,
        ids: &[Uuid],
        change: BulkTaskChange,
    ) -> Result<Vec<(Uuid, BulkTaskOutcome)>, TaskError> {
        let mut known = HashSet::new();
        let ids: Vec<Uuid> = ids.iter().copied().filter(|id| known.insert(*id)).collect();
        if ids.len() > MAX_BULK_TASKS {
            return Err(TaskRefusal::TooMany.into());
        }
        Ok(self.write(author, Bulk { ids, change }).await?.outcomes)
    }
}

struct Bulk {
    ids: Vec<Uuid>,
    change: BulkTaskChange,
}

#[derive(Default)]
struct Done {
    outcomes: Vec<(Uuid, BulkTaskOutcome)>,
    /// Those that are not as they were, and in what.
    touched: Vec<Uuid>,
    changed: BTreeSet<&'static str>,
}

impl Bulk {
    async fn change_one(
        &self,
        transaction: &DatabaseTransaction,
        org: OrgId,
        at: i64,
        id: Uuid,
        done: &mut Done,
    ) -> Result<BulkTaskOutcome, TaskError> {
        let Some(task) = find(transaction, org, id).await? else { return Ok(BulkTaskOutcome::NotFound) };
        match &self.change {
            BulkTaskChange::Update(change) => match patch(transaction, org, at, task, change).await {
                Ok((task, changed)) => {
                    if !changed.is_empty() {
                        done.touched.push(id);
                        done.changed.extend(changed);
                    }
                    Ok(BulkTaskOutcome::Updated(task))
                }
                Err(TaskError::Refused(refusal)) => Ok(BulkTaskOutcome::Refused(refusal)),
                Err(error) => Err(error),
            },
            BulkTaskChange::Delete => {
                done.touched.push(id);
                Ok(match remove(transaction, org, at, task).await? {
                    Removed::Deleted => BulkTaskOutcome::Deleted,
                    Removed::Archived(task) => BulkTaskOutcome::Archived(*task),
                })
            }
        }
    }
}

#[async_trait]
impl TenantWrite for Bulk {
    type Output = Done;
    type Error = TaskError;

    async fn run(&self, transaction: &DatabaseTransaction, org: OrgId, at: i64) -> Result<Done, TaskError> {
        hold(transaction, org).await?;
        let mut done = Done::default();
        for id in &self.ids {
            let outcome = self.change_one(transaction, org, at, *id, &mut done).await?;
            done.outcomes.push((*id, outcome));
        }
        Ok(done)
    }

    fn audit(&self, done: &Done) -> Option<Audit> {
        if done.touched.is_empty() {
            return None;
        }
        Some(match &self.change {
            BulkTaskChange::Update(_) => {
                Audit::new("tasks.updated", "", json!({ "changed": done.changed, "tasks": done.touched }))
            }
            BulkTaskChange::Delete => Audit::new("tasks.deleted", "", json!({ "tasks": done.touched })),
        })
    }
}
