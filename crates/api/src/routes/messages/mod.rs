//! What members and people say to each other, in an execution or in all of a squad's.

mod conversation;
mod list;
mod show;
mod statistics;

use crate::app::App;
use crate::dto::message::Message;
use crate::dto::moment::Moment;
use crate::extract::{List, Permitted, may};
use crate::problem::{Answer, Problem};
use squad_domain::ids::{ExecutionId, SquadId};
use squad_storage::{MessageCursor, MessageRow, MessageScope};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use uuid::Uuid;

pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(list::of_execution))
        .routes(routes!(list::of_squad))
        .routes(routes!(conversation::in_execution))
        .routes(routes!(conversation::in_squad))
        .routes(routes!(statistics::of_execution))
        .routes(routes!(statistics::of_squad))
        .routes(routes!(show::handler))
}

/// Makes sure that the organization has it.
async fn check(permitted: &Permitted<may::ReadExecutions>, scope: MessageScope) -> Answer<()> {
    match scope {
        MessageScope::Execution(id) => {
            permitted.tenant.execution(id).await?.ok_or_else(|| Problem::not_found("execution"))?;
        }
        MessageScope::Squad(id) => {
            permitted.tenant.squad(id).await?.ok_or_else(|| Problem::not_found("squad"))?;
        }
    }
    Ok(())
}

/// The place of a message, as a cursor carries it.
type Place = (Moment, Uuid, u64);

fn place(row: &MessageRow) -> Place {
    (row.at.into(), row.execution.0, row.seq)
}

fn cursor((at, execution, seq): Place) -> MessageCursor {
    MessageCursor { at: at.0, execution: ExecutionId(execution), seq }
}

/// A page of messages, of which one more than `limit` was asked for.
fn page(rows: Vec<MessageRow>, limit: u64) -> List<Message> {
    List::page(rows, limit, place, Message::from)
}

fn in_execution(id: Uuid) -> MessageScope {
    MessageScope::Execution(ExecutionId(id))
}

fn in_squad(id: Uuid) -> MessageScope {
    MessageScope::Squad(SquadId(id))
}
