//! `POST /projects/{id}/detect`.

use super::find;
use crate::app::App;
use crate::dto::project::Detection;
use crate::extract::{Path, Permitted, may};
use crate::problem::{Answer, Code, Problem};
use crate::repository::checked;
use axum::Json;
use axum::extract::State;
use squad_engine::EngineError;
use uuid::Uuid;

/// Looks at the repository
///
/// Tells what a squad would test with, what may be needed first, and what the project is written in. Nothing is run and
/// nothing is stored: put into the project what fits. Takes as long as a clone does, two minutes at most.
#[utoipa::path(
    post,
    path = "/projects/{id}/detect",
    operation_id = "detect_project",
    tag = "projects",
    extensions(("x-permission" = json!("projects:write"))),
    params(("id" = Uuid, Path, description = "Which project")),
    responses((status = 200, description = "What was found", body = Detection)),
)]
pub(crate) async fn handler(
    State(app): State<App>,
    permitted: Permitted<may::WriteProjects>,
    Path(id): Path<Uuid>,
) -> Answer<Json<Detection>> {
    let project = find(&permitted, id).await?;
    // Whoever made the project may have been allowed more, on a server that was set up otherwise.
    let source = checked(&app, &permitted, "repository", &project.repository)?;
    let seen = app.engine().inspect(&source).await.map_err(|error| match error {
        EngineError::Repository(why) => {
            Problem::new(Code::Conflict, format!("the repository cannot be looked at: {why}"))
        }
        other => other.into(),
    })?;
    Ok(Json(seen.into()))
}
