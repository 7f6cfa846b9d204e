//! `PATCH /tasks/{id}`.

use super::changed;
use crate::dto::moment::Moment;
use crate::dto::patch::present;
use crate::dto::task::{self, Assignee, DESCRIPTION, ExternalTask, TITLE, Task};
use crate::dto::{rules, slugs};
use crate::extract::{IfMatch, Json, Path, Permitted, Versioned, may};
use crate::problem::{Answer, Problem};
use garde::Validate;
use serde::Deserialize;
use squad_domain::board::{TaskPriority, TaskState};
use squad_domain::ids::SquadId;
use squad_storage::{LabelChange, TaskPatch};
use utoipa::ToSchema;
use uuid::Uuid;

/// What shall be different in a task. What is left out stays as it is; `null` clears what may be empty.
#[derive(Debug, Deserialize, Validate, ToSchema)]
pub(crate) struct UpdateTask {
    /// One line.
    #[garde(custom(rules::optional_line::<TITLE>))]
    #[schema(example = "Let the cart count", min_length = 1, max_length = 200)]
    title: Option<String>,
    /// The rest, in Markdown; at most 64 kB.
    #[garde(custom(rules::optional_at_most::<DESCRIPTION>))]
    #[schema(max_length = 64_000)]
    description: Option<String>,
    /// The project; `null`: none.
    #[serde(default, deserialize_with = "present")]
    #[garde(skip)]
    project_id: Option<Option<Uuid>>,
    /// The squad; `null`: none.
    #[serde(default, deserialize_with = "present")]
    #[garde(skip)]
    squad_id: Option<Option<Uuid>>,
    /// The column: the task becomes the last one there. `POST /tasks/{id}/move` names a place, too.
    #[garde(skip)]
    #[schema(schema_with = slugs::task_state)]
    state: Option<TaskState>,
    /// How much it matters.
    #[garde(skip)]
    #[schema(schema_with = slugs::task_priority)]
    priority: Option<TaskPriority>,
    /// Who shall see to it; `null`: nobody.
    #[serde(default, deserialize_with = "present")]
    #[garde(dive)]
    assignee: Option<Option<Assignee>>,
    /// These labels and no others, each of at most 50 characters.
    #[garde(custom(task::optional_labels))]
    #[schema(max_items = 20)]
    labels: Option<Vec<String>>,
    /// These labels, too. Not together with `labels` or `remove_labels`.
    #[garde(custom(task::optional_labels))]
    #[schema(max_items = 20)]
    add_labels: Option<Vec<String>>,
    /// These labels no more. Not together with `labels` or `add_labels`.
    #[garde(custom(task::optional_labels))]
    #[schema(max_items = 20)]
    remove_labels: Option<Vec<String>>,
    /// What it is called elsewhere; `null`: nothing.
    #[serde(default, deserialize_with = "present")]
    #[garde(dive)]
    external: Option<Option<ExternalTask>>,
    /// Until when it should be done; `null`: whenever.
    #[serde(default, deserialize_with = "present")]
    #[garde(inner(custom(task::due)))]
    due_at: Option<Option<Moment>>,
    /// Whether it is put away.
    #[garde(skip)]
    archived: Option<bool>,
}

impl UpdateTask {
    /// As storage makes it.
    pub(super) fn patch(self) -> Answer<TaskPatch> {
        let labels = match (self.labels, self.add_labels, self.remove_labels) {
            (None, None, None) => None,
            (Some(these), None, None) => Some(LabelChange::Set(these)),
            (None, Some(these), None) => Some(LabelChange::Add(these)),
            (None, None, Some(these)) => Some(LabelChange::Remove(these)),
            _ => {
                return Err(Problem::field(
                    "labels",
                    "send one of `labels`, `add_labels` and `remove_labels`",
                ));
            }
        };
        Ok(TaskPatch {
            project: self.project_id,
            squad: self.squad_id.map(|squad| squad.map(SquadId)),
            title: self.title.map(|title| title.trim().to_owned()),
            description: self.description,
            state: self.state,
            priority: self.priority,
            assignee: self.assignee.map(|assignee| assignee.map(Into::into)),
            labels,
            external: self.external.map(|external| external.map(Into::into)),
            due_at: self.due_at.map(|at| at.map(|at| at.0)),
            archived: self.archived,
        })
    }
}

/// Changes a task
///
/// With `If-Match`, that version or not at all. A change that changes nothing leaves the version as it is.
#[utoipa::path(
    patch,
    path = "/tasks/{id}",
    operation_id = "update_task",
    tag = "tasks",
    extensions(("x-permission" = json!("tasks:write"))),
    params(
        ("id" = Uuid, Path, description = "Which task"),
        ("If-Match" = Option<String>, Header, description = "The `ETag` that the change is made for"),
    ),
    request_body = UpdateTask,
    responses((
        status = 200,
        description = "The task as it is now",
        body = Task,
        headers(("ETag" = String, description = "Its version")),
    )),
)]
pub(crate) async fn handler(
    permitted: Permitted<may::WriteTasks>,
    Path(id): Path<Uuid>,
    IfMatch(expected): IfMatch,
    Json(body): Json<UpdateTask>,
) -> Answer<Versioned<Task>> {
    changed(permitted.tenant.update_task(&permitted.author(), id, expected, body.patch()?).await?)
}
