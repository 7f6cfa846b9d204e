//! A task, as it is read.

use super::words::{priority, state};
use crate::convert::{number, timestamp};
use crate::dialect::one;
use crate::error::StorageError;
use crate::tenant::Tenant;
use sea_orm::{DatabaseTransaction, QueryResult};
use squad_domain::Timestamp;
use squad_domain::board::{TaskPriority, TaskState};
use squad_domain::ids::{OrgId, SquadId, UserId};
use uuid::Uuid;

/// Most labels of one task.
pub const MAX_TASK_LABELS: usize = 20;

/// Who shall see to a task.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TaskAssignee {
    /// A person of the organization.
    User(UserId),
    /// A member of a squad, by its id.
    Member(Uuid),
}

/// What the task is called elsewhere.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TaskExternal {
    /// Its id there, such as `github:owner/name#12`. Unique within the organization.
    pub id: String,
    /// Where it can be seen.
    pub url: Option<String>,
}

/// A task.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TaskRow {
    /// Its id.
    pub id: Uuid,
    /// What people call it: `#12`. Counts from 1 in each organization; no number is given twice.
    pub number: u64,
    /// In which project.
    pub project: Option<Uuid>,
    /// Which squad shall do it.
    pub squad: Option<SquadId>,
    /// One line.
    pub title: String,
    /// The rest, in Markdown. May be empty.
    pub description: String,
    /// In which column.
    pub state: TaskState,
    /// How much it matters.
    pub priority: TaskPriority,
    /// Who shall see to it.
    pub assignee: Option<TaskAssignee>,
    /// Its labels, sorted.
    pub labels: Vec<String>,
    /// What it is called elsewhere.
    pub external: Option<TaskExternal>,
    /// Until when it should be done.
    pub due_at: Option<Timestamp>,
    /// Who made it: `user:<id>`, `api_key:<id>` or `system`.
    pub created_by: String,
    /// How many comments it has.
    pub comments: u64,
    /// How many attachments it has.
    pub attachments: u64,
    /// How many tasks it waits for that are neither done nor cancelled.
    pub waits_for: u64,
    /// Counts from 1; each change of the task itself (not of its comments, attachments and dependencies) adds one.
    pub version: u64,
    /// When it was made.
    pub created_at: Timestamp,
    /// When its version last changed.
    pub updated_at: Timestamp,
    /// Since when it is put away.
    pub archived_at: Option<Timestamp>,
}

/// What [`task`] reads, where the table is called `t`. A label has no line break (see [`labels`]).
pub(super) const COLUMNS: &str = "t.id, t.number, t.project_id, t.squad_id, t.title, t.description, t.state, t.priority, \
    t.assignee_user, t.assignee_member, t.external_id, t.external_url, t.due_at, t.created_by, t.version, t.created_at, \
    t.updated_at, t.archived_at, \
    (SELECT string_agg(l.label, '\n') FROM task_labels l WHERE l.task_id = t.id AND l.org_id = $1) AS labels, \
    (SELECT count(*) FROM task_comments c WHERE c.task_id = t.id AND c.org_id = $1) AS comments, \
    (SELECT count(*) FROM task_attachments a WHERE a.task_id = t.id AND a.org_id = $1) AS attachments, \
    (SELECT count(*) FROM task_dependencies d JOIN tasks o ON o.id = d.depends_on \
        WHERE d.task_id = t.id AND d.org_id = $1 AND o.org_id = $1 AND o.state NOT IN ('done', 'cancelled')) AS waits_for";

pub(super) fn task(row: &QueryResult) -> Result<TaskRow, StorageError> {
    let user: Option<Uuid> = row.try_get("", "assignee_user")?;
    let member: Option<Uuid> = row.try_get("", "assignee_member")?;
    let external: Option<String> = row.try_get("", "external_id")?;
    let url: Option<String> = row.try_get("", "external_url")?;
    let joined: Option<String> = row.try_get("", "labels")?;
    let mut labels: Vec<String> =
        joined.iter().flat_map(|joined| joined.split('\n')).map(str::to_owned).collect();
    // Postgres would sort them by its locale.
    labels.sort_unstable();
    Ok(TaskRow {
        id: row.try_get("", "id")?,
        number: number(row.try_get("", "number")?),
        project: row.try_get("", "project_id")?,
        squad: row.try_get::<Option<Uuid>>("", "squad_id")?.map(SquadId),
        title: row.try_get("", "title")?,
        description: row.try_get("", "description")?,
        state: state(&row.try_get::<String>("", "state")?)?,
        priority: priority(&row.try_get::<String>("", "priority")?)?,
        assignee: user.map(UserId).map(TaskAssignee::User).or(member.map(TaskAssignee::Member)),
        labels,
        external: external.map(|id| TaskExternal { id, url }),
        due_at: row.try_get::<Option<i64>>("", "due_at")?.map(timestamp),
        created_by: row.try_get("", "created_by")?,
        comments: number(row.try_get("", "comments")?),
        attachments: number(row.try_get("", "attachments")?),
        waits_for: number(row.try_get("", "waits_for")?),
        version: number(row.try_get("", "version")?),
        created_at: timestamp(row.try_get("", "created_at")?),
        updated_at: timestamp(row.try_get("", "updated_at")?),
        archived_at: row.try_get::<Option<i64>>("", "archived_at")?.map(timestamp),
    })
}

pub(super) async fn find(
    transaction: &DatabaseTransaction,
    org: OrgId,
    id: Uuid,
) -> Result<Option<TaskRow>, StorageError> {
    let sql = format!("SELECT {COLUMNS} FROM tasks t WHERE t.org_id = $1 AND t.id = $2");
    one(transaction, &sql, [org.0.into(), id.into()]).await?.as_ref().map(task).transpose()
}

/// The task that was changed just now.
pub(super) async fn found(
    transaction: &DatabaseTransaction,
    org: OrgId,
    id: Uuid,
) -> Result<TaskRow, StorageError> {
    let task = find(transaction, org, id).await?;
    task.ok_or_else(|| StorageError::NotFound { what: format!("the task `{id}`") })
}

impl Tenant {
    /// A task.
    ///
    /// # Errors
    /// Where the database fails.
    pub async fn task(&self, id: Uuid) -> Result<Option<TaskRow>, StorageError> {
        let sql = format!("SELECT {COLUMNS} FROM tasks t WHERE t.org_id = $1 AND t.id = $2");
        self.one(&sql, [id.into()]).await?.as_ref().map(task).transpose()
    }

    /// The task of a number, as people say it: `#12`.
    ///
    /// # Errors
    /// Where the database fails.
    pub async fn task_numbered(&self, number: u64) -> Result<Option<TaskRow>, StorageError> {
        let sql = format!("SELECT {COLUMNS} FROM tasks t WHERE t.org_id = $1 AND t.number = $2");
        self.one(&sql, [crate::convert::count(number).into()]).await?.as_ref().map(task).transpose()
    }

    /// The task that is called so elsewhere.
    ///
    /// # Errors
    /// Where the database fails.
    pub async fn task_of_external_id(&self, id: &str) -> Result<Option<TaskRow>, StorageError> {
        let sql = format!("SELECT {COLUMNS} FROM tasks t WHERE t.org_id = $1 AND t.external_id = $2");
        self.one(&sql, [crate::convert::text(id).into()]).await?.as_ref().map(task).transpose()
    }
}

/// Labels as they are kept: one line each without blanks around or doubled, sorted, each once.
pub(super) fn labels<'a>(labels: impl IntoIterator<Item = &'a String>) -> Vec<String> {
    let mut kept: Vec<String> = labels
        .into_iter()
        .map(|label| crate::convert::text(&label.split_whitespace().collect::<Vec<_>>().join(" ")))
        .filter(|label| !label.is_empty())
        .collect();
    kept.sort_unstable();
    kept.dedup();
    kept
}
