//! `GET /executions/{id}/messages` and `GET /squads/{id}/messages`.

use super::{check, cursor, in_execution, in_squad, page};
use crate::dto::message::Message;
use crate::dto::moment::Moment;
use crate::dto::slugs;
use crate::extract::{List, PageQuery, Path, Permitted, Query, may};
use crate::problem::{Answer, Problem};
use axum::Json;
use serde::Deserialize;
use squad_domain::message::{Actor, MessageKind, Recipient};
use squad_storage::{MessageFilter, MessageScope};
use utoipa::IntoParams;
use uuid::Uuid;

/// Which messages: those that are everything that is said here.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct Filter {
    /// Only those from somebody: `engine`, `member:<name>` or `person:<name>`.
    #[param(example = "member:Bea", pattern = "^(engine|(member|person):.*)$")]
    from: Option<String>,
    /// Only those to somebody: `everyone`, `member:<name>` or `person`.
    #[param(example = "member:Tom", pattern = "^(everyone|person|member:.*)$")]
    to: Option<String>,
    /// Only those of a kind.
    #[param(schema_with = slugs::message_kind)]
    kind: Option<MessageKind>,
    /// Only those with all of these words.
    #[param(example = "currency euro")]
    q: Option<String>,
    /// Only those from this moment on.
    since: Option<Moment>,
    /// Only those before this moment.
    until: Option<Moment>,
}

impl Filter {
    /// As storage asks for it.
    fn wanted(self, scope: MessageScope) -> Answer<MessageFilter> {
        let (execution, squad) = match scope {
            MessageScope::Execution(id) => (Some(id), None),
            MessageScope::Squad(id) => (None, Some(id)),
        };
        let from = self.from.map(Actor::try_from).transpose();
        let to = self.to.map(|to| Recipient::from_address(&to).ok_or(to)).transpose();
        Ok(MessageFilter {
            execution,
            squad,
            from: from.map_err(|error| Problem::field("from", error.to_string()))?,
            to: to.map_err(|to| {
                Problem::field(
                    "to",
                    format!("`{to}` is nobody; write `everyone`, `member:<name>` or `person`"),
                )
            })?,
            kind: self.kind,
            text: self.q,
            since: self.since.map(|at| at.0),
            until: self.until.map(|at| at.0),
        })
    }
}

/// Messages of an execution, newest first
#[utoipa::path(
    get,
    path = "/executions/{id}/messages",
    operation_id = "list_execution_messages",
    tag = "messages",
    extensions(("x-permission" = json!("executions:read"))),
    params(("id" = Uuid, Path, description = "Which execution"), PageQuery, Filter),
    responses((status = 200, description = "The messages", body = List<Message>)),
)]
pub(crate) async fn of_execution(
    permitted: Permitted<may::ReadExecutions>,
    Path(id): Path<Uuid>,
    page: PageQuery,
    Query(filter): Query<Filter>,
) -> Answer<Json<List<Message>>> {
    answer(&permitted, in_execution(id), &page, filter).await
}

/// Messages of all executions of a squad, newest first
#[utoipa::path(
    get,
    path = "/squads/{id}/messages",
    operation_id = "list_squad_messages",
    tag = "messages",
    extensions(("x-permission" = json!("executions:read"))),
    params(("id" = Uuid, Path, description = "Which squad"), PageQuery, Filter),
    responses((status = 200, description = "The messages", body = List<Message>)),
)]
pub(crate) async fn of_squad(
    permitted: Permitted<may::ReadExecutions>,
    Path(id): Path<Uuid>,
    page: PageQuery,
    Query(filter): Query<Filter>,
) -> Answer<Json<List<Message>>> {
    answer(&permitted, in_squad(id), &page, filter).await
}

async fn answer(
    permitted: &Permitted<may::ReadExecutions>,
    scope: MessageScope,
    query: &PageQuery,
    filter: Filter,
) -> Answer<Json<List<Message>>> {
    check(permitted, scope).await?;
    let (limit, before) = (query.limit()?, query.place()?.map(cursor));
    let rows = permitted.tenant.messages(&filter.wanted(scope)?, before, limit + 1).await?;
    Ok(Json(page(rows, limit)))
}
