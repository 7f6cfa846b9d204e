//! `GET /squads`.

use crate::dto::slugs;
use crate::dto::squad::Squad;
use crate::extract::{List, PageQuery, Permitted, Query, may};
use crate::problem::Answer;
use axum::Json;
use serde::Deserialize;
use squad_storage::SquadStatus;
use utoipa::IntoParams;

/// Which squads.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct Filter {
    /// Only those of this status.
    #[param(schema_with = slugs::squad_status)]
    status: Option<SquadStatus>,
}

/// Squads, newest first
#[utoipa::path(
    get,
    path = "/squads",
    operation_id = "list_squads",
    tag = "squads",
    extensions(("x-permission" = json!("squads:read"))),
    params(PageQuery, Filter),
    responses((status = 200, description = "The squads", body = List<Squad>)),
)]
pub(crate) async fn handler(
    permitted: Permitted<may::ReadSquads>,
    page: PageQuery,
    Query(filter): Query<Filter>,
) -> Answer<Json<List<Squad>>> {
    let rows = permitted.tenant.squads(page.by_id()?, filter.status).await?;
    Ok(Json(List::page(rows, page.limit()?, |row| row.id.0, Squad::from)))
}
