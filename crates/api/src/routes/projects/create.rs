//! `POST /projects`.

use super::hosts;
use crate::app::App;
use crate::dto::project::Project;
use crate::dto::rules;
use crate::extract::{Json, Permitted, Versioned, may};
use crate::problem::{Answer, Problem};
use crate::repository::checked;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::IntoResponse;
use garde::Validate;
use serde::Deserialize;
use squad_storage::NewProject;
use utoipa::ToSchema;

/// A project that is to be made.
#[derive(Debug, Deserialize, Validate, ToSchema)]
pub(crate) struct CreateProject {
    /// Its name.
    #[garde(custom(rules::name))]
    #[schema(example = "Shop", min_length = 1, max_length = 100)]
    name: String,
    /// What it is.
    #[garde(custom(rules::at_most::<64_000>))]
    #[serde(default)]
    #[schema(max_length = 64000)]
    description: String,
    /// The repository: a URL without credentials, or, where the operator allows it, a path on the server.
    #[garde(custom(rules::at_most::<2_000>))]
    #[schema(example = "https://git.example.com/shop.git", max_length = 2000)]
    repository: String,
    /// The branch that work starts from; absent: the repository's own.
    #[garde(custom(rules::optional_line::<200>))]
    #[schema(example = "main", min_length = 1, max_length = 200)]
    default_branch: Option<String>,
    /// What is run once before the work; absent: nothing.
    #[garde(custom(rules::optional_at_most::<8_000>))]
    #[schema(example = "npm ci", max_length = 8000)]
    setup_command: Option<String>,
    /// Hosts that the setup command may reach; empty: none.
    #[garde(custom(hosts))]
    #[serde(default)]
    #[schema(example = json!(["registry.example.com"]), max_items = 100)]
    setup_hosts: Vec<String>,
    /// What tests the work; absent: what is detected.
    #[garde(custom(rules::optional_at_most::<8_000>))]
    #[schema(example = "npm test", max_length = 8000)]
    test_command: Option<String>,
}

/// Makes a project
///
/// What opens its repository comes later, at `/projects/{id}/credentials`.
#[utoipa::path(
    post,
    path = "/projects",
    operation_id = "create_project",
    tag = "projects",
    extensions(("x-permission" = json!("projects:write"))),
    request_body = CreateProject,
    responses((
        status = 201,
        description = "The project",
        body = Project,
        headers(("Location" = String, description = "Its address"), ("ETag" = String, description = "Its version")),
    )),
)]
pub(crate) async fn handler(
    State(app): State<App>,
    permitted: Permitted<may::WriteProjects>,
    Json(body): Json<CreateProject>,
) -> Answer<impl IntoResponse> {
    let project = NewProject {
        id: app.new_id(),
        repository: checked(&app, &permitted, "repository", &body.repository)?,
        name: body.name.trim().to_owned(),
        description: body.description,
        default_branch: body.default_branch,
        setup_command: body.setup_command,
        setup_hosts: body.setup_hosts,
        test_command: body.test_command,
        credential_user: None,
        credentials: None,
    };
    let made = permitted.tenant.create_project(&permitted.author(), project).await?;
    // Its id was made a moment ago, so it cannot be taken.
    let row = made.ok_or_else(Problem::internal)?;
    let location = [(header::LOCATION, format!("/api/v1/projects/{}", row.id))];
    Ok((StatusCode::CREATED, location, Versioned(row.version, Project::from(row))))
}
