//! `GET /projects/{id}`.

use super::find;
use crate::dto::project::Project;
use crate::extract::{Path, Permitted, Versioned, may};
use crate::problem::Answer;
use uuid::Uuid;

/// One project
#[utoipa::path(
    get,
    path = "/projects/{id}",
    operation_id = "show_project",
    tag = "projects",
    extensions(("x-permission" = json!("projects:read"))),
    params(("id" = Uuid, Path, description = "Which project")),
    responses((
        status = 200,
        description = "The project",
        body = Project,
        headers(("ETag" = String, description = "Its version")),
    )),
)]
pub(crate) async fn handler(
    permitted: Permitted<may::ReadProjects>,
    Path(id): Path<Uuid>,
) -> Answer<Versioned<Project>> {
    let row = find(&permitted, id).await?;
    Ok(Versioned(row.version, row.into()))
}
