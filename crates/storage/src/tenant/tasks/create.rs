//! A new task.

use super::place::{TaskPlace, place_for};
use super::references::check;
use super::refusal::TaskError;
use super::row::{TaskAssignee, TaskExternal, TaskRow, found, labels};
use crate::convert::{micros, number, text, timestamp};
use crate::dialect::{execute, one};
use crate::tenant::audit::Audit;
use crate::tenant::{Author, Tenant, TenantWrite};
use async_trait::async_trait;
use sea_orm::{DatabaseTransaction, DbErr};
use serde_json::json;
use squad_domain::Timestamp;
use squad_domain::board::{TaskPriority, TaskState};
use squad_domain::ids::{OrgId, SquadId};
use uuid::Uuid;

/// A task that is about to be made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewTask {
    /// Its id.
    pub id: Uuid,
    /// In which project.
    pub project: Option<Uuid>,
    /// Which squad shall do it.
    pub squad: Option<SquadId>,
    /// One line.
    pub title: String,
    /// The rest, in Markdown. May be empty.
    pub description: String,
    /// In which column: it becomes the last one there.
    pub state: TaskState,
    /// How much it matters.
    pub priority: TaskPriority,
    /// Who shall see to it.
    pub assignee: Option<TaskAssignee>,
    /// Its labels, in any order.
    pub labels: Vec<String>,
    /// What it is called elsewhere.
    pub external: Option<TaskExternal>,
    /// Until when it should be done.
    pub due_at: Option<Timestamp>,
}

impl Tenant {
    /// Makes a task, and gives it the organization's next number.
    ///
    /// # Errors
    /// [`TaskError::Refused`] where it points to something that the organization does not have, or its external id is
    /// taken.
    pub async fn create_task(&self, author: &Author, task: NewTask) -> Result<TaskRow, TaskError> {
        self.write(author, Create { task, created_by: text(&author.actor) }).await
    }
}

struct Create {
    task: NewTask,
    created_by: String,
}

impl Create {
    /// The task as it will be read.
    fn row(&self, number: u64, at: i64) -> TaskRow {
        let task = &self.task;
        TaskRow {
            id: task.id,
            number,
            project: task.project,
            squad: task.squad,
            title: text(&task.title),
            description: text(&task.description),
            state: task.state,
            priority: task.priority,
            assignee: task.assignee,
            labels: labels(&task.labels),
            external: task.external.as_ref().map(external),
            due_at: task.due_at,
            created_by: self.created_by.clone(),
            comments: 0,
            attachments: 0,
            waits_for: 0,
            version: 1,
            created_at: timestamp(at),
            updated_at: timestamp(at),
            archived_at: None,
        }
    }
}

/// As it is kept.
pub(super) fn external(external: &TaskExternal) -> TaskExternal {
    TaskExternal { id: text(&external.id), url: external.url.as_deref().map(text) }
}

/// The columns of an assignee: the person, the member.
pub(super) fn assignee(assignee: Option<TaskAssignee>) -> (Option<Uuid>, Option<Uuid>) {
    match assignee {
        Some(TaskAssignee::User(user)) => (Some(user.0), None),
        Some(TaskAssignee::Member(member)) => (None, Some(member)),
        None => (None, None),
    }
}

/// Holds the board, making it where it is missing, and takes its next number.
async fn next_number(transaction: &DatabaseTransaction, org: OrgId) -> Result<u64, DbErr> {
    let begin =
        "INSERT INTO task_boards (org_id, last_number) VALUES ($1, 0) ON CONFLICT (org_id) DO NOTHING";
    execute(transaction, begin, [org.0.into()]).await?;
    let advance =
        "UPDATE task_boards SET last_number = last_number + 1 WHERE org_id = $1 RETURNING last_number";
    let row = one(transaction, advance, [org.0.into()]).await?;
    let row = row.ok_or_else(|| DbErr::RecordNotFound("the board of the organization".to_owned()))?;
    Ok(number(row.try_get("", "last_number")?))
}

/// Writes the labels of a task that has none.
pub(super) async fn add_labels(
    transaction: &DatabaseTransaction,
    org: OrgId,
    task: &TaskRow,
) -> Result<(), DbErr> {
    for label in &task.labels {
        let sql = "INSERT INTO task_labels (task_id, label, org_id) VALUES ($1, $2, $3)";
        execute(transaction, sql, [task.id.into(), label.as_str().into(), org.0.into()]).await?;
    }
    Ok(())
}

#[async_trait]
impl TenantWrite for Create {
    type Output = TaskRow;
    type Error = TaskError;

    async fn run(
        &self,
        transaction: &DatabaseTransaction,
        org: OrgId,
        at: i64,
    ) -> Result<TaskRow, TaskError> {
        let task = self.row(next_number(transaction, org).await?, at);
        check(transaction, org, None, &task).await?;
        let place = place_for(transaction, org, task.id, task.state, TaskPlace::Last).await?;
        let (user, member) = assignee(task.assignee);
        let (external_id, external_url) =
            task.external.clone().map(|external| (external.id, external.url)).unzip();
        let sql = "INSERT INTO tasks (id, org_id, number, project_id, squad_id, title, description, state, priority, \
                place, assignee_user, assignee_member, external_id, external_url, due_at, created_by, version, created_at, \
                updated_at) \
            VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, 1, $17, $17)";
        let values = [
            task.id.into(),
            org.0.into(),
            crate::convert::count(task.number).into(),
            task.project.into(),
            task.squad.map(|squad| squad.0).into(),
            task.title.as_str().into(),
            task.description.as_str().into(),
            task.state.slug().into(),
            task.priority.slug().into(),
            place.into(),
            user.into(),
            member.into(),
            external_id.into(),
            external_url.flatten().into(),
            task.due_at.map(micros).into(),
            task.created_by.as_str().into(),
            at.into(),
        ];
        execute(transaction, sql, values).await?;
        add_labels(transaction, org, &task).await?;
        Ok(found(transaction, org, task.id).await?)
    }

    fn audit(&self, task: &TaskRow) -> Option<Audit> {
        let details = json!({ "number": task.number, "state": task.state, "project": task.project, "squad": task.squad });
        Some(Audit::new("task.created", task.id, details))
    }
}
