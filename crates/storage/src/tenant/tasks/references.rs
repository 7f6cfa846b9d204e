//! What a task points to must be in the same organization. The database's own foreign keys do not look at that.

use super::refusal::{TaskError, TaskRefusal};
use super::row::{MAX_TASK_LABELS, TaskAssignee, TaskRow};
use crate::dialect::one;
use sea_orm::{ConnectionTrait as _, DatabaseTransaction, DbBackend, DbErr};
use squad_domain::ids::OrgId;
use uuid::Uuid;

/// Whether the organization has that row. On Postgres it also keeps the row from being deleted before this transaction
/// ends; on SQLite nobody else writes meanwhile.
pub(super) async fn exists(
    transaction: &DatabaseTransaction,
    org: OrgId,
    table: &str,
    column: &str,
    id: Uuid,
) -> Result<bool, DbErr> {
    let lock = if transaction.get_database_backend() == DbBackend::Postgres { " FOR KEY SHARE" } else { "" };
    let sql = format!("SELECT 1 AS found FROM {table} WHERE org_id = $1 AND {column} = $2{lock}");
    Ok(one(transaction, &sql, [org.0.into(), id.into()]).await?.is_some())
}

/// Checks how many labels the task has, and what it points to, as far as `before` did not do so already.
pub(super) async fn check(
    transaction: &DatabaseTransaction,
    org: OrgId,
    before: Option<&TaskRow>,
    task: &TaskRow,
) -> Result<(), TaskError> {
    if task.labels.len() > MAX_TASK_LABELS && before.is_none_or(|before| before.labels != task.labels) {
        return Err(TaskRefusal::TooManyLabels.into());
    }
    if let Some(project) = task.project
        && before.and_then(|before| before.project) != Some(project)
        && !exists(transaction, org, "projects", "id", project).await?
    {
        return Err(TaskRefusal::UnknownProject.into());
    }
    if let Some(squad) = task.squad
        && before.and_then(|before| before.squad) != Some(squad)
        && !exists(transaction, org, "squads", "id", squad.0).await?
    {
        return Err(TaskRefusal::UnknownSquad.into());
    }
    if before.and_then(|before| before.assignee) != task.assignee {
        match task.assignee {
            Some(TaskAssignee::User(user))
                if !exists(transaction, org, "memberships", "user_id", user.0).await? =>
            {
                return Err(TaskRefusal::UnknownUser.into());
            }
            Some(TaskAssignee::Member(member))
                if !exists(transaction, org, "squad_members", "id", member).await? =>
            {
                return Err(TaskRefusal::UnknownMember.into());
            }
            _ => {}
        }
    }
    if let Some(external) = &task.external {
        let sql = "SELECT id FROM tasks WHERE org_id = $1 AND external_id = $2 AND id <> $3";
        let values = [org.0.into(), external.id.as_str().into(), task.id.into()];
        if let Some(row) = one(transaction, sql, values).await? {
            return Err(TaskRefusal::ExternalIdTaken { by: row.try_get("", "id")? }.into());
        }
    }
    Ok(())
}
