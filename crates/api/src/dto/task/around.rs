//! What stands around a task: comments, files, other tasks, columns.

use super::Task;
use crate::dto::moment::Moment;
use crate::dto::slugs;
use serde::Serialize;
use squad_storage::{LabelUse, TaskAttachmentRow, TaskCommentRow, TaskExecutionRow};
use utoipa::ToSchema;
use uuid::Uuid;

/// The board, from left to right.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Board {
    /// Every column, empty ones included.
    columns: Vec<BoardColumn>,
}

/// A column of the board.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct BoardColumn {
    /// Which one.
    #[schema(schema_with = slugs::task_state)]
    state: &'static str,
    /// How many tasks are in it, shown here or not.
    total: u64,
    /// The first of them, from the top.
    tasks: Vec<Task>,
}

impl From<Vec<squad_storage::BoardColumn>> for Board {
    fn from(columns: Vec<squad_storage::BoardColumn>) -> Self {
        let columns = columns.into_iter().map(|column| BoardColumn {
            state: column.state.slug(),
            total: column.total,
            tasks: column.tasks.into_iter().map(Task::from).collect(),
        });
        Self { columns: columns.collect() }
    }
}

/// A label, and how often it is used.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct TaskLabel {
    /// The label.
    #[schema(example = "bug")]
    label: String,
    /// How many tasks have it, archived ones included.
    tasks: u64,
}

impl From<LabelUse> for TaskLabel {
    fn from(used: LabelUse) -> Self {
        Self { label: used.label, tasks: used.tasks }
    }
}

/// What somebody says about a task.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct TaskComment {
    /// Its id.
    id: Uuid,
    /// On which task.
    task_id: Uuid,
    /// Who made it: `user:<id>`, `api_key:<id>` or `system`.
    #[schema(example = "user:019a8f00-0000-7000-8000-000000000001")]
    author: String,
    /// The words, in Markdown.
    #[schema(example = "The badge is gone on small screens.")]
    body: String,
    /// When it was made.
    created_at: Moment,
    /// When its words last changed.
    updated_at: Moment,
}

impl From<TaskCommentRow> for TaskComment {
    fn from(row: TaskCommentRow) -> Self {
        Self {
            id: row.id,
            task_id: row.task,
            author: row.author,
            body: row.body,
            created_at: row.created_at.into(),
            updated_at: row.updated_at.into(),
        }
    }
}

/// A file that belongs to a task. Its bytes stand under `…/content`.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct TaskAttachment {
    /// Its id.
    id: Uuid,
    /// To which task.
    task_id: Uuid,
    /// What the file is called.
    #[schema(example = "screenshot.png")]
    name: String,
    /// What it is, as whoever sent it says. Nobody checked it.
    #[schema(example = "image/png")]
    media_type: String,
    /// How many bytes it has.
    #[schema(example = 48_213)]
    size: u64,
    /// The SHA-256 of its bytes, in hexadecimal.
    #[schema(min_length = 64, max_length = 64)]
    sha256: String,
    /// Who attached it: `user:<id>`, `api_key:<id>` or `system`.
    #[schema(example = "user:019a8f00-0000-7000-8000-000000000001")]
    author: String,
    /// When it was attached. It never changes.
    created_at: Moment,
}

impl From<TaskAttachmentRow> for TaskAttachment {
    fn from(row: TaskAttachmentRow) -> Self {
        Self {
            id: row.id,
            task_id: row.task,
            name: row.name,
            media_type: row.media_type,
            size: row.size,
            sha256: row.sha256,
            author: row.author,
            created_at: row.created_at.into(),
        }
    }
}

/// A task, beside another one.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct TaskLink {
    /// Its id.
    id: Uuid,
    /// What people call it.
    #[schema(example = 12, minimum = 1)]
    number: u64,
    /// Its one line.
    #[schema(example = "Let the cart count")]
    title: String,
    /// In which column it is.
    #[schema(schema_with = slugs::task_state)]
    state: &'static str,
}

impl From<squad_storage::TaskLink> for TaskLink {
    fn from(link: squad_storage::TaskLink) -> Self {
        Self { id: link.id, number: link.number, title: link.title, state: link.state.slug() }
    }
}

/// What a task waits for, and what waits for it. By number.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct TaskDependencies {
    /// What it waits for, done or not.
    waits_for: Vec<TaskLink>,
    /// What waits for it.
    holds_up: Vec<TaskLink>,
}

impl From<squad_storage::TaskDependencies> for TaskDependencies {
    fn from(dependencies: squad_storage::TaskDependencies) -> Self {
        Self {
            waits_for: dependencies.waits_for.into_iter().map(TaskLink::from).collect(),
            holds_up: dependencies.holds_up.into_iter().map(TaskLink::from).collect(),
        }
    }
}

/// An execution, beside the task that it works on.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct TaskExecution {
    /// Its id.
    id: Uuid,
    /// Which squad works on it.
    squad_id: Uuid,
    /// Its own title.
    #[schema(example = "Let the cart count")]
    title: String,
    /// Where it stands.
    #[schema(schema_with = slugs::status)]
    status: &'static str,
    /// What it has cost so far, in US dollars.
    #[schema(example = 0.42)]
    cost_usd: f64,
    /// When it was asked for.
    created_at: Moment,
    /// When something last happened.
    updated_at: Moment,
}

impl From<TaskExecutionRow> for TaskExecution {
    fn from(row: TaskExecutionRow) -> Self {
        Self {
            id: row.id.0,
            squad_id: row.squad.0,
            title: row.title,
            status: row.status.slug(),
            cost_usd: row.cost.dollars(),
            created_at: row.created_at.into(),
            updated_at: row.updated_at.into(),
        }
    }
}
