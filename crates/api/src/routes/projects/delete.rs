//! `DELETE /projects/{id}`.

use crate::extract::{Path, Permitted, may};
use crate::problem::{Answer, Problem};
use axum::http::StatusCode;
use uuid::Uuid;

/// Deletes a project
///
/// And its credentials with it. Executions keep the repository's address; the repository is not touched.
#[utoipa::path(
    delete,
    path = "/projects/{id}",
    operation_id = "delete_project",
    tag = "projects",
    extensions(("x-permission" = json!("projects:write"))),
    params(("id" = Uuid, Path, description = "Which project")),
    responses((status = 204, description = "It is gone")),
)]
pub(crate) async fn handler(
    permitted: Permitted<may::WriteProjects>,
    Path(id): Path<Uuid>,
) -> Answer<StatusCode> {
    if permitted.tenant.delete_project(&permitted.author(), id).await? {
        return Ok(StatusCode::NO_CONTENT);
    }
    Err(Problem::not_found("project"))
}
