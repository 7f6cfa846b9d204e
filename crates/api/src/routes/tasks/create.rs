//! `POST /tasks`.

use crate::app::App;
use crate::dto::moment::Moment;
use crate::dto::task::{self, Assignee, DESCRIPTION, ExternalTask, TITLE, Task};
use crate::dto::{rules, slugs};
use crate::extract::{Json, Permitted, Versioned, may};
use crate::problem::Answer;
use axum::extract::State;
use axum::http::header::LOCATION;
use axum::http::{HeaderName, StatusCode};
use garde::Validate;
use serde::Deserialize;
use squad_domain::board::{TaskPriority, TaskState};
use squad_domain::ids::SquadId;
use squad_storage::NewTask;
use utoipa::ToSchema;
use uuid::Uuid;

/// A task that is about to be made.
#[derive(Debug, Deserialize, Validate, ToSchema)]
pub(crate) struct CreateTask {
    /// One line.
    #[garde(custom(rules::line::<TITLE>))]
    #[schema(example = "Let the cart count", min_length = 1, max_length = 200)]
    title: String,
    /// The rest, in Markdown; at most 64 kB.
    #[serde(default)]
    #[garde(custom(rules::at_most::<DESCRIPTION>))]
    #[schema(example = "The badge shows how many things are in the cart.", max_length = 64_000)]
    description: String,
    /// In which project.
    #[garde(skip)]
    project_id: Option<Uuid>,
    /// Which squad shall do it.
    #[garde(skip)]
    squad_id: Option<Uuid>,
    /// In which column: it becomes the last one there. `todo`, where nothing is said.
    #[garde(skip)]
    #[schema(schema_with = slugs::task_state)]
    state: Option<TaskState>,
    /// How much it matters. `medium`, where nothing is said.
    #[garde(skip)]
    #[schema(schema_with = slugs::task_priority)]
    priority: Option<TaskPriority>,
    /// Who shall see to it.
    #[garde(dive)]
    assignee: Option<Assignee>,
    /// Its labels, each of at most 50 characters.
    #[serde(default)]
    #[garde(custom(task::labels))]
    #[schema(max_items = 20, example = json!(["bug"]))]
    labels: Vec<String>,
    /// What it is called elsewhere.
    #[garde(dive)]
    external: Option<ExternalTask>,
    /// Until when it should be done.
    #[garde(custom(task::due))]
    due_at: Option<Moment>,
}

impl CreateTask {
    fn task(self, id: Uuid) -> NewTask {
        NewTask {
            id,
            project: self.project_id,
            squad: self.squad_id.map(SquadId),
            title: self.title.trim().to_owned(),
            description: self.description,
            state: self.state.unwrap_or(TaskState::Todo),
            priority: self.priority.unwrap_or(TaskPriority::Medium),
            assignee: self.assignee.map(Into::into),
            labels: self.labels,
            external: self.external.map(Into::into),
            due_at: self.due_at.map(|at| at.0),
        }
    }
}

/// Makes a task
///
/// It gets the organization's next number.
#[utoipa::path(
    post,
    path = "/tasks",
    operation_id = "create_task",
    tag = "tasks",
    extensions(("x-permission" = json!("tasks:write"))),
    request_body = CreateTask,
    responses((
        status = 201,
        description = "The task",
        body = Task,
        headers(("Location" = String, description = "Its address"), ("ETag" = String, description = "Its version")),
    )),
)]
pub(crate) async fn handler(
    State(app): State<App>,
    permitted: Permitted<may::WriteTasks>,
    Json(body): Json<CreateTask>,
) -> Answer<(StatusCode, [(HeaderName, String); 1], Versioned<Task>)> {
    let made = permitted.tenant.create_task(&permitted.author(), body.task(app.new_id())).await?;
    let address = format!("/api/v1/tasks/{}", made.id);
    Ok((StatusCode::CREATED, [(LOCATION, address)], Versioned(made.version, made.into())))
}
