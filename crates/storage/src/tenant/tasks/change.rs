//! Changing a task.

use super::create::{add_labels, assignee, external};
use super::hold;
use super::place::{TaskPlace, place_for};
use super::references::check;
use super::refusal::TaskError;
use super::row::{TaskAssignee, TaskExternal, TaskRow, find, found, labels};
use crate::convert::{micros, stored, text, timestamp};
use crate::dialect::execute;
use crate::tenant::audit::Audit;
use crate::tenant::{Author, Change, Tenant, TenantWrite};
use async_trait::async_trait;
use sea_orm::DatabaseTransaction;
use serde_json::json;
use squad_domain::Timestamp;
use squad_domain::board::{TaskPriority, TaskState};
use squad_domain::ids::{OrgId, SquadId};
use uuid::Uuid;

/// What becomes of a task's labels.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LabelChange {
    /// These and no others.
    Set(Vec<String>),
    /// These, too.
    Add(Vec<String>),
    /// These no more.
    Remove(Vec<String>),
}

/// What shall be changed of a task; what is `None` stays as it is.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TaskPatch {
    /// The project; the inner `None` takes it out of its project.
    pub project: Option<Option<Uuid>>,
    /// The squad; the inner `None` takes it from its squad.
    pub squad: Option<Option<SquadId>>,
    /// The one line.
    pub title: Option<String>,
    /// The rest.
    pub description: Option<String>,
    /// The column: it becomes the last one there.
    pub state: Option<TaskState>,
    /// How much it matters.
    pub priority: Option<TaskPriority>,
    /// Who shall see to it; the inner `None`: nobody.
    pub assignee: Option<Option<TaskAssignee>>,
    /// The labels.
    pub labels: Option<LabelChange>,
    /// What it is called elsewhere; the inner `None`: nothing.
    pub external: Option<Option<TaskExternal>>,
    /// Until when it should be done; the inner `None`: whenever.
    pub due_at: Option<Option<Timestamp>>,
    /// Whether it is put away.
    pub archived: Option<bool>,
}

impl TaskPatch {
    /// The task as it is afterwards, and which of its fields are different then.
    fn apply(&self, task: &TaskRow, at: i64) -> (TaskRow, Vec<&'static str>) {
        let mut next = task.clone();
        let mut changed = Vec::new();
        let mut set = |name, differs: bool| {
            if differs {
                changed.push(name);
            }
        };
        if let Some(project) = self.project {
            set("project", next.project != project);
            next.project = project;
        }
        if let Some(squad) = self.squad {
            set("squad", next.squad != squad);
            next.squad = squad;
        }
        if let Some(title) = self.title.as_deref().map(text) {
            set("title", next.title != title);
            next.title = title;
        }
        if let Some(description) = self.description.as_deref().map(text) {
            set("description", next.description != description);
            next.description = description;
        }
        if let Some(state) = self.state {
            set("state", next.state != state);
            next.state = state;
        }
        if let Some(priority) = self.priority {
            set("priority", next.priority != priority);
            next.priority = priority;
        }
        if let Some(assignee) = self.assignee {
            set("assignee", next.assignee != assignee);
            next.assignee = assignee;
        }
        if let Some(change) = &self.labels {
            let labels = change.apply(&next.labels);
            set("labels", next.labels != labels);
            next.labels = labels;
        }
        if let Some(link) = &self.external {
            let link = link.as_ref().map(external);
            set("external", next.external != link);
            next.external = link;
        }
        if let Some(due_at) = self.due_at {
            let due_at = due_at.map(stored);
            set("due_at", next.due_at != due_at);
            next.due_at = due_at;
        }
        if let Some(archived) = self.archived {
            set("archived", next.archived_at.is_some() != archived);
            next.archived_at = archived.then(|| next.archived_at.unwrap_or(timestamp(at)));
        }
        (next, changed)
    }
}

impl LabelChange {
    fn apply(&self, now: &[String]) -> Vec<String> {
        match self {
            Self::Set(these) => labels(these),
            Self::Add(these) => labels(now.iter().chain(these)),
            Self::Remove(these) => {
                let these = labels(these);
                now.iter().filter(|label| !these.contains(label)).cloned().collect()
            }
        }
    }
}

impl Tenant {
    /// Changes a task. `expected` is the version that the change was made for; without it, any. A patch that changes
    /// nothing leaves the version as it is.
    ///
    /// # Errors
    /// [`TaskError::Refused`] where it would point to something that the organization does not have, or its external id
    /// is taken.
    pub async fn update_task(
        &self,
        author: &Author,
        id: Uuid,
        expected: Option<u64>,
        patch: TaskPatch,
    ) -> Result<Change<TaskRow>, TaskError> {
        let (change, _) = self.write(author, Update { id, expected, patch }).await?;
        Ok(change)
    }
}

/// Changes the task, and tells what. The caller holds the board. Where it is refused, nothing was written.
pub(super) async fn patch(
    transaction: &DatabaseTransaction,
    org: OrgId,
    at: i64,
    task: TaskRow,
    patch: &TaskPatch,
) -> Result<(TaskRow, Vec<&'static str>), TaskError> {
    let (next, changed) = patch.apply(&task, at);
    if changed.is_empty() {
        return Ok((task, changed));
    }
    check(transaction, org, Some(&task), &next).await?;
    let (user, member) = assignee(next.assignee);
    let (external_id, external_url) =
        next.external.clone().map(|external| (external.id, external.url)).unzip();
    let sql = "UPDATE tasks SET project_id = $3, squad_id = $4, title = $5, description = $6, state = $7, priority = $8, \
            assignee_user = $9, assignee_member = $10, external_id = $11, external_url = $12, due_at = $13, \
            archived_at = $14, version = version + 1, updated_at = $15 \
        WHERE org_id = $1 AND id = $2";
    let values = [
        org.0.into(),
        task.id.into(),
        next.project.into(),
        next.squad.map(|squad| squad.0).into(),
        next.title.as_str().into(),
        next.description.as_str().into(),
        next.state.slug().into(),
        next.priority.slug().into(),
        user.into(),
        member.into(),
        external_id.into(),
        external_url.flatten().into(),
        next.due_at.map(micros).into(),
        next.archived_at.map(micros).into(),
        at.into(),
    ];
    execute(transaction, sql, values).await?;
    if next.state != task.state {
        let place = place_for(transaction, org, task.id, next.state, TaskPlace::Last).await?;
        let sql = "UPDATE tasks SET place = $3 WHERE org_id = $1 AND id = $2";
        execute(transaction, sql, [org.0.into(), task.id.into(), place.into()]).await?;
    }
    if next.labels != task.labels {
        let sql = "DELETE FROM task_labels WHERE org_id = $1 AND task_id = $2";
        execute(transaction, sql, [org.0.into(), task.id.into()]).await?;
        add_labels(transaction, org, &next).await?;
    }
    Ok((found(transaction, org, task.id).await?, changed))
}

struct Update {
    id: Uuid,
    expected: Option<u64>,
    patch: TaskPatch,
}

#[async_trait]
impl TenantWrite for Update {
    /// And what was changed.
    type Output = (Change<TaskRow>, Vec<&'static str>);
    type Error = TaskError;

    async fn run(
        &self,
        transaction: &DatabaseTransaction,
        org: OrgId,
        at: i64,
    ) -> Result<Self::Output, TaskError> {
        hold(transaction, org).await?;
        let Some(task) = find(transaction, org, self.id).await? else {
            return Ok((Change::NotFound, vec![]));
        };
        if self.expected.is_some_and(|expected| expected != task.version) {
            return Ok((Change::Stale(task), vec![]));
        }
        let (task, changed) = patch(transaction, org, at, task, &self.patch).await?;
        Ok((Change::Done(task), changed))
    }

    fn audit(&self, (_, changed): &Self::Output) -> Option<Audit> {
        (!changed.is_empty()).then(|| Audit::new("task.updated", self.id, json!({ "changed": changed })))
    }
}
