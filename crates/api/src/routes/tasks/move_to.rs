//! `POST /tasks/{id}/move`.

use super::changed;
use crate::dto::slugs;
use crate::dto::task::Task;
use crate::extract::{IfMatch, Json, Path, Permitted, Versioned, may};
use crate::problem::Answer;
use garde::Validate;
use serde::Deserialize;
use squad_domain::board::TaskState;
use squad_storage::TaskPlace;
use utoipa::ToSchema;
use uuid::Uuid;

/// Where in a column.
#[derive(Debug, Clone, Copy, Default, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Place {
    /// Above all others.
    First,
    /// Below all others.
    #[default]
    Last,
    /// Right above the task with that id.
    Before(Uuid),
    /// Right below the task with that id.
    After(Uuid),
}

impl From<Place> for TaskPlace {
    fn from(place: Place) -> Self {
        match place {
            Place::First => Self::First,
            Place::Last => Self::Last,
            Place::Before(id) => Self::Before(id),
            Place::After(id) => Self::After(id),
        }
    }
}

/// To where a task is moved.
#[derive(Debug, Deserialize, Validate, ToSchema)]
pub(crate) struct MoveTask {
    /// The column.
    #[garde(skip)]
    #[schema(schema_with = slugs::task_state)]
    state: TaskState,
    /// The place in it. Last, where nothing is said.
    #[serde(default)]
    #[garde(skip)]
    place: Place,
}

/// Moves a task on the board
///
/// Within its column or to another one. With `If-Match`, that version or not at all.
#[utoipa::path(
    post,
    path = "/tasks/{id}/move",
    operation_id = "move_task",
    tag = "tasks",
    extensions(("x-permission" = json!("tasks:write"))),
    params(
        ("id" = Uuid, Path, description = "Which task"),
        ("If-Match" = Option<String>, Header, description = "The `ETag` that the move is made for"),
    ),
    request_body = MoveTask,
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
    Json(body): Json<MoveTask>,
) -> Answer<Versioned<Task>> {
    let author = permitted.author();
    changed(permitted.tenant.move_task(&author, id, expected, body.state, body.place.into()).await?)
}
