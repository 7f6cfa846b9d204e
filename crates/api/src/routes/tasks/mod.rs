//! The board: tasks, and what stands around them.

mod attachments;
mod board;
mod bulk;
mod comments;
mod create;
mod delete;
mod dependencies;
mod executions;
mod filter;
mod labels;
mod list;
mod move_to;
mod refusal;
mod show;
mod update;

use crate::app::App;
use crate::dto::task::Task;
use crate::extract::{Permitted, Versioned};
use crate::problem::{Answer, Problem};
use squad_storage::{Change, TaskRow};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use uuid::Uuid;

pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(list::handler, create::handler))
        .routes(routes!(board::handler))
        .routes(routes!(labels::handler))
        .routes(routes!(bulk::handler))
        .routes(routes!(show::by_number))
        .routes(routes!(show::by_external_id))
        .routes(routes!(show::handler, update::handler, delete::handler))
        .routes(routes!(move_to::handler))
        .routes(routes!(executions::handler))
        .routes(routes!(dependencies::list, dependencies::add))
        .routes(routes!(dependencies::remove))
        .merge(comments::routes())
        .merge(attachments::routes())
}

/// A task of the caller's organization.
async fn find<P>(permitted: &Permitted<P>, id: Uuid) -> Answer<TaskRow> {
    permitted.tenant.task(id).await?.ok_or_else(|| Problem::not_found("task"))
}

/// What came of a change, as an answer.
fn changed(change: Change<TaskRow>) -> Answer<Versioned<Task>> {
    match change {
        Change::Done(task) => Ok(Versioned(task.version, task.into())),
        Change::Stale(task) => Err(Problem::stale(task.version)),
        Change::NotFound => Err(Problem::not_found("task")),
    }
}
