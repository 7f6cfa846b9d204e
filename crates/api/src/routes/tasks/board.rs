//! `GET /tasks/board`.

use super::filter::Filter;
use crate::dto::task::Board;
use crate::extract::{Permitted, Query, may};
use crate::problem::{Answer, Problem};
use axum::Json;
use serde::Deserialize;
use utoipa::IntoParams;

/// The most tasks of a column that are shown at once.
const MOST: u64 = 200;

/// How much of the board.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct Columns {
    /// At most so many tasks in each column.
    #[param(minimum = 1, maximum = 200, default = 50)]
    #[serde(default = "default_per_column")]
    per_column: u64,
}

const fn default_per_column() -> u64 {
    50
}

/// The board
///
/// Every column from left to right, with its first tasks from the top, in the order that people gave them.
#[utoipa::path(
    get,
    path = "/tasks/board",
    operation_id = "show_board",
    tag = "tasks",
    extensions(("x-permission" = json!("tasks:read"))),
    params(Columns, Filter),
    responses((status = 200, description = "The board", body = Board)),
)]
pub(crate) async fn handler(
    permitted: Permitted<may::ReadTasks>,
    Query(columns): Query<Columns>,
    Query(filter): Query<Filter>,
) -> Answer<Json<Board>> {
    if !(1..=MOST).contains(&columns.per_column) {
        return Err(Problem::field("per_column", format!("is from 1 to {MOST}")));
    }
    Ok(Json(permitted.tenant.board(&filter.wanted()?, columns.per_column).await?.into()))
}
