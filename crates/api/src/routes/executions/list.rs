//! `GET /executions`.

use crate::dto::execution::Execution;
use crate::dto::slugs;
use crate::extract::{List, PageQuery, Permitted, Query, may};
use crate::problem::Answer;
use axum::Json;
use serde::Deserialize;
use squad_domain::execution::Status;
use squad_domain::ids::SquadId;
use squad_storage::TenantExecutions;
use utoipa::IntoParams;
use uuid::Uuid;

/// Which executions.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct Filter {
    /// Only those of a squad.
    squad_id: Option<Uuid>,
    /// Only those in this state, such as `blocked`.
    #[param(schema_with = slugs::status)]
    status: Option<Status>,
    /// Only those that have not ended.
    #[serde(default)]
    unfinished: bool,
}

/// Executions, newest first
#[utoipa::path(
    get,
    path = "/executions",
    operation_id = "list_executions",
    tag = "executions",
    extensions(("x-permission" = json!("executions:read"))),
    params(PageQuery, Filter),
    responses((status = 200, description = "The executions", body = List<Execution>)),
)]
pub(crate) async fn handler(
    permitted: Permitted<may::ReadExecutions>,
    page: PageQuery,
    Query(filter): Query<Filter>,
) -> Answer<Json<List<Execution>>> {
    let wanted = TenantExecutions {
        squad: filter.squad_id.map(SquadId),
        status: filter.status,
        unfinished: filter.unfinished,
    };
    let rows = permitted.tenant.executions(wanted, page.by_id()?).await?;
    Ok(Json(List::page(rows, page.limit()?, |row| row.id.0, Execution::from)))
}
