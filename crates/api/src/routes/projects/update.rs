//! `PATCH /projects/{id}`.

use super::{changed_hosts, changed_text};
use crate::app::App;
use crate::dto::patch::present;
use crate::dto::project::Project;
use crate::dto::rules;
use crate::extract::{IfMatch, Json, Path, Permitted, Versioned, may};
use crate::problem::{Answer, Problem};
use crate::repository::checked;
use axum::extract::State;
use garde::Validate;
use serde::Deserialize;
use squad_storage::{Change, ProjectPatch};
use utoipa::ToSchema;
use uuid::Uuid;

/// What is to change of a project. What is absent stays; `null` takes a thing away.
#[derive(Debug, Deserialize, Validate, ToSchema)]
pub(crate) struct UpdateProject {
    /// Its name.
    #[garde(custom(rules::optional_name))]
    #[schema(example = "Shop", min_length = 1, max_length = 100)]
    name: Option<String>,
    /// What it is.
    #[garde(custom(rules::optional_at_most::<64_000>))]
    #[schema(max_length = 64000)]
    description: Option<String>,
    /// The repository: a URL without credentials, or, where the operator allows it, a path on the server. Where it is on
    /// another server than before, the stored credentials are forgotten.
    #[garde(custom(rules::optional_at_most::<2_000>))]
    #[schema(example = "https://git.example.com/shop.git", max_length = 2000)]
    repository: Option<String>,
    /// The branch that work starts from; `null`: the repository's own.
    #[garde(custom(changed_text::<200>))]
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = Option<String>, example = "main", max_length = 200)]
    default_branch: Option<Option<String>>,
    /// What is run once before the work; `null`: nothing.
    #[garde(custom(changed_text::<8_000>))]
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = Option<String>, example = "npm ci", max_length = 8000)]
    setup_command: Option<Option<String>>,
    /// Hosts that the setup command may reach; empty: none.
    #[garde(custom(changed_hosts))]
    #[schema(example = json!(["registry.example.com"]), max_items = 100)]
    setup_hosts: Option<Vec<String>>,
    /// What tests the work; `null`: what is detected.
    #[garde(custom(changed_text::<8_000>))]
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = Option<String>, example = "npm test", max_length = 8000)]
    test_command: Option<Option<String>>,
    /// Whether it is kept for its past only.
    #[garde(skip)]
    archived: Option<bool>,
}

/// Changes a project
///
/// A repository on another server (scheme, host or port) makes the project forget its credentials, so that nobody is
/// shown what was meant for somebody else: give them anew.
#[utoipa::path(
    patch,
    path = "/projects/{id}",
    operation_id = "update_project",
    tag = "projects",
    extensions(("x-permission" = json!("projects:write"))),
    params(("id" = Uuid, Path, description = "Which project")),
    request_body = UpdateProject,
    responses((
        status = 200,
        description = "The project as it is now",
        body = Project,
        headers(("ETag" = String, description = "Its version")),
    )),
)]
pub(crate) async fn handler(
    State(app): State<App>,
    permitted: Permitted<may::WriteProjects>,
    Path(id): Path<Uuid>,
    IfMatch(expected): IfMatch,
    Json(body): Json<UpdateProject>,
) -> Answer<Versioned<Project>> {
    let checked = |text: &String| checked(&app, &permitted, "repository", text);
    let patch = ProjectPatch {
        repository: body.repository.as_ref().map(checked).transpose()?,
        name: body.name.map(|name| name.trim().to_owned()),
        description: body.description,
        default_branch: body.default_branch,
        setup_command: body.setup_command,
        setup_hosts: body.setup_hosts,
        test_command: body.test_command,
        credential_user: None,
        archived: body.archived,
    };
    match permitted.tenant.update_project(&permitted.author(), id, expected, patch).await? {
        Change::Done(row) => Ok(Versioned(row.version, row.into())),
        Change::Stale(row) => Err(Problem::stale(row.version)),
        Change::NotFound => Err(Problem::not_found("project")),
    }
}
