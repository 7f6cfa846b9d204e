//! `PUT /projects/{id}/credentials`, `DELETE /projects/{id}/credentials`. There is no `GET`: what opens a repository is
//! sealed for its project, and shown to nobody again.

use crate::app::App;
use crate::dto::rules;
use crate::extract::{Json, Path, Permitted, may};
use crate::problem::{Answer, Problem};
use axum::extract::State;
use axum::http::StatusCode;
use data_encoding::BASE64;
use garde::Validate;
use serde::Deserialize;
use squad_storage::ProjectCredentials;
use utoipa::ToSchema;
use uuid::Uuid;

/// What opens a repository. It is never printed, so it has no `Debug`.
#[derive(Deserialize, Validate, ToSchema)]
pub(crate) struct SetCredentials {
    /// Who it is for, where the server asks for a name.
    #[garde(custom(rules::optional_line::<200>))]
    #[schema(example = "deploy", min_length = 1, max_length = 200)]
    username: Option<String>,
    /// The password, token or key.
    #[garde(length(bytes, min = 1, max = 16_000))]
    #[schema(example = "glpat-0123456789", format = Password, min_length = 1, max_length = 16000)]
    secret: String,
}

/// Stores what opens the repository
///
/// In place of what was stored before. It is sealed, and never shown again.
#[utoipa::path(
    put,
    path = "/projects/{id}/credentials",
    operation_id = "set_project_credentials",
    tag = "projects",
    extensions(("x-permission" = json!("projects:write"))),
    params(("id" = Uuid, Path, description = "Which project")),
    request_body = SetCredentials,
    responses((status = 204, description = "It is stored")),
)]
pub(crate) async fn set(
    State(app): State<App>,
    permitted: Permitted<may::WriteProjects>,
    Path(id): Path<Uuid>,
    Json(body): Json<SetCredentials>,
) -> Answer<StatusCode> {
    let org = permitted.org();
    let sealed = app.master().seal(body.secret.as_bytes(), &[b"projects", org.0.as_bytes(), id.as_bytes()]);
    let credentials = ProjectCredentials { user: body.username, sealed: BASE64.encode(&sealed) };
    store(&permitted, id, Some(credentials)).await
}

/// Forgets what opens the repository
#[utoipa::path(
    delete,
    path = "/projects/{id}/credentials",
    operation_id = "remove_project_credentials",
    tag = "projects",
    extensions(("x-permission" = json!("projects:write"))),
    params(("id" = Uuid, Path, description = "Which project")),
    responses((status = 204, description = "It is forgotten")),
)]
pub(crate) async fn remove(
    permitted: Permitted<may::WriteProjects>,
    Path(id): Path<Uuid>,
) -> Answer<StatusCode> {
    store(&permitted, id, None).await
}

async fn store(
    permitted: &Permitted<may::WriteProjects>,
    id: Uuid,
    credentials: Option<ProjectCredentials>,
) -> Answer<StatusCode> {
    let stored = permitted.tenant.set_project_credentials(&permitted.author(), id, credentials).await?;
    stored.map(|_| StatusCode::NO_CONTENT).ok_or_else(|| Problem::not_found("project"))
}
