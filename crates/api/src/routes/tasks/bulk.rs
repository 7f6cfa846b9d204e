//! `POST /tasks/bulk`.

use super::update::UpdateTask;
use crate::dto::task::Task;
use crate::extract::{Json, List, Permitted, may};
use crate::problem::Answer;
use garde::Validate;
use serde::{Deserialize, Serialize};
use squad_storage::{BulkTaskChange, BulkTaskOutcome, MAX_BULK_TASKS};
use utoipa::ToSchema;
use uuid::Uuid;

/// What shall become of each task.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum TasksChange {
    /// As `PATCH /tasks/{id}` does it, whatever their versions are.
    Patch(#[garde(dive)] Box<UpdateTask>),
    /// As `DELETE /tasks/{id}` does it.
    Delete,
}

/// The same change of many tasks.
#[derive(Debug, Deserialize, Validate, ToSchema)]
pub(crate) struct ChangeTasks {
    /// Which tasks. One that is named twice counts once.
    #[garde(length(min = 1, max = MAX_BULK_TASKS))]
    #[schema(min_items = 1, max_items = 200)]
    ids: Vec<Uuid>,
    /// What shall become of each of them.
    #[garde(dive)]
    #[schema(example = json!({ "patch": { "state": "done" } }))]
    change: TasksChange,
}

/// What became of a task.
#[derive(Debug, Clone, Copy, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum TaskOutcome {
    /// It is as was asked.
    Updated,
    /// It is gone.
    Deleted,
    /// Executions worked on it, so it is put away instead.
    Archived,
    /// A rule stands against it; it stayed as it was.
    Refused,
    /// There is no such task.
    NotFound,
}

/// What became of one of the tasks.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ChangedTask {
    /// Which task.
    id: Uuid,
    /// What became of it.
    outcome: TaskOutcome,
    /// The task as it is now, where it was changed.
    #[serde(skip_serializing_if = "Option::is_none")]
    task: Option<Task>,
    /// Why it was refused, and what to do.
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
}

impl From<(Uuid, BulkTaskOutcome)> for ChangedTask {
    fn from((id, outcome): (Uuid, BulkTaskOutcome)) -> Self {
        let (outcome, task, reason) = match outcome {
            BulkTaskOutcome::Updated(task) => (TaskOutcome::Updated, Some(task.into()), None),
            BulkTaskOutcome::Deleted => (TaskOutcome::Deleted, None, None),
            BulkTaskOutcome::Archived(task) => (TaskOutcome::Archived, Some(task.into()), None),
            BulkTaskOutcome::Refused(refusal) => (TaskOutcome::Refused, None, Some(refusal.to_string())),
            BulkTaskOutcome::NotFound => (TaskOutcome::NotFound, None, None),
        };
        Self { id, outcome, task, reason }
    }
}

/// Changes many tasks at once
///
/// In the order given. One that is refused does not keep the others from being changed.
#[utoipa::path(
    post,
    path = "/tasks/bulk",
    operation_id = "change_tasks",
    tag = "tasks",
    extensions(("x-permission" = json!("tasks:write"))),
    request_body = ChangeTasks,
    responses((status = 200, description = "What became of each of them", body = List<ChangedTask>)),
)]
pub(crate) async fn handler(
    permitted: Permitted<may::WriteTasks>,
    Json(body): Json<ChangeTasks>,
) -> Answer<axum::Json<List<ChangedTask>>> {
    let change = match body.change {
        TasksChange::Patch(patch) => BulkTaskChange::Update(patch.patch()?),
        TasksChange::Delete => BulkTaskChange::Delete,
    };
    let outcomes = permitted.tenant.change_tasks(&permitted.author(), &body.ids, change).await?;
    Ok(axum::Json(List::whole(outcomes.into_iter().map(ChangedTask::from).collect())))
}
