//! Tasks.

mod around;
mod rules;

pub(crate) use around::{Board, TaskAttachment, TaskComment, TaskDependencies, TaskExecution, TaskLabel};
pub(crate) use rules::{DESCRIPTION, TITLE, due, labels, optional_labels};

use crate::dto::moment::Moment;
use crate::dto::{rules as shared, slugs};
use garde::Validate;
use serde::{Deserialize, Serialize};
use squad_domain::ids::UserId;
use squad_storage::{TaskAssignee, TaskExternal, TaskRow};
use utoipa::ToSchema;
use uuid::Uuid;

/// Whether a person or a member of a squad sees to a task.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum AssigneeKind {
    /// A person of the organization.
    User,
    /// A member of a squad.
    Member,
}

/// Who shall see to a task.
#[derive(Debug, Clone, Copy, Serialize, Deserialize, Validate, ToSchema)]
pub(crate) struct Assignee {
    /// A person, or a member of a squad.
    #[garde(skip)]
    kind: AssigneeKind,
    /// The id of the one or the other.
    #[garde(skip)]
    id: Uuid,
}

impl From<TaskAssignee> for Assignee {
    fn from(assignee: TaskAssignee) -> Self {
        match assignee {
            TaskAssignee::User(user) => Self { kind: AssigneeKind::User, id: user.0 },
            TaskAssignee::Member(id) => Self { kind: AssigneeKind::Member, id },
        }
    }
}

impl From<Assignee> for TaskAssignee {
    fn from(assignee: Assignee) -> Self {
        match assignee.kind {
            AssigneeKind::User => Self::User(UserId(assignee.id)),
            AssigneeKind::Member => Self::Member(assignee.id),
        }
    }
}

/// What a task is called elsewhere.
#[derive(Debug, Clone, Serialize, Deserialize, Validate, ToSchema)]
pub(crate) struct ExternalTask {
    /// Its id there. No two tasks of an organization have the same.
    #[garde(custom(shared::line::<200>))]
    #[schema(example = "github:analytical/engines#12", min_length = 1, max_length = 200)]
    id: String,
    /// Where it can be seen.
    #[garde(custom(rules::web_address))]
    #[schema(example = "https://github.com/analytical/engines/issues/12", max_length = 2000)]
    #[serde(skip_serializing_if = "Option::is_none")]
    url: Option<String>,
}

impl From<TaskExternal> for ExternalTask {
    fn from(external: TaskExternal) -> Self {
        Self { id: external.id, url: external.url }
    }
}

impl From<ExternalTask> for TaskExternal {
    fn from(external: ExternalTask) -> Self {
        Self { id: external.id, url: external.url }
    }
}

/// A task.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Task {
    /// Its id.
    id: Uuid,
    /// What people call it: `#12`.
    #[schema(example = 12, minimum = 1)]
    number: u64,
    /// In which project.
    #[serde(skip_serializing_if = "Option::is_none")]
    project_id: Option<Uuid>,
    /// Which squad shall do it.
    #[serde(skip_serializing_if = "Option::is_none")]
    squad_id: Option<Uuid>,
    /// One line.
    #[schema(example = "Let the cart count")]
    title: String,
    /// The rest, in Markdown. May be empty.
    #[schema(example = "The badge shows how many things are in the cart.")]
    description: String,
    /// In which column.
    #[schema(schema_with = slugs::task_state)]
    state: &'static str,
    /// How much it matters.
    #[schema(schema_with = slugs::task_priority)]
    priority: &'static str,
    /// Who shall see to it.
    #[serde(skip_serializing_if = "Option::is_none")]
    assignee: Option<Assignee>,
    /// Its labels, sorted.
    #[schema(example = json!(["bug", "shop"]))]
    labels: Vec<String>,
    /// What it is called elsewhere.
    #[serde(skip_serializing_if = "Option::is_none")]
    external: Option<ExternalTask>,
    /// Until when it should be done.
    #[serde(skip_serializing_if = "Option::is_none")]
    due_at: Option<Moment>,
    /// Who made it: `user:<id>`, `api_key:<id>` or `system`.
    #[schema(example = "user:019a8f00-0000-7000-8000-000000000001")]
    created_by: String,
    /// How many comments it has.
    comments: u64,
    /// How many attachments it has.
    attachments: u64,
    /// How many tasks it waits for that are neither done nor cancelled.
    waits_for: u64,
    /// Counts from 1; each change of the task itself adds one. The `ETag` is the same.
    #[schema(minimum = 1)]
    version: u64,
    /// When it was made.
    created_at: Moment,
    /// When its version last changed.
    updated_at: Moment,
    /// Since when it is put away.
    #[serde(skip_serializing_if = "Option::is_none")]
    archived_at: Option<Moment>,
}

impl From<TaskRow> for Task {
    fn from(row: TaskRow) -> Self {
        Self {
            id: row.id,
            number: row.number,
            project_id: row.project,
            squad_id: row.squad.map(|squad| squad.0),
            title: row.title,
            description: row.description,
            state: row.state.slug(),
            priority: row.priority.slug(),
            assignee: row.assignee.map(Assignee::from),
            labels: row.labels,
            external: row.external.map(ExternalTask::from),
            due_at: row.due_at.map(Moment::from),
            created_by: row.created_by,
            comments: row.comments,
            attachments: row.attachments,
            waits_for: row.waits_for,
            version: row.version,
            created_at: row.created_at.into(),
            updated_at: row.updated_at.into(),
            archived_at: row.archived_at.map(Moment::from),
        }
    }
}
