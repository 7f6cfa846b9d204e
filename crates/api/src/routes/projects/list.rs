//! `GET /projects`.

use crate::dto::project::Project;
use crate::extract::{List, PageQuery, Permitted, Query, may};
use crate::problem::Answer;
use axum::Json;
use serde::Deserialize;
use utoipa::IntoParams;

/// Which projects.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct Filter {
    /// Only those that are archived, or only those that are not.
    archived: Option<bool>,
}

/// Projects, newest first
#[utoipa::path(
    get,
    path = "/projects",
    operation_id = "list_projects",
    tag = "projects",
    extensions(("x-permission" = json!("projects:read"))),
    params(PageQuery, Filter),
    responses((status = 200, description = "The projects", body = List<Project>)),
)]
pub(crate) async fn handler(
    permitted: Permitted<may::ReadProjects>,
    page: PageQuery,
    Query(filter): Query<Filter>,
) -> Answer<Json<List<Project>>> {
    let rows = permitted.tenant.projects(page.by_id()?, filter.archived).await?;
    Ok(Json(List::page(rows, page.limit()?, |row| row.id, Project::from)))
}
