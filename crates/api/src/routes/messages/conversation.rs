//! `GET /executions/{id}/messages/conversation` and `GET /squads/{id}/messages/conversation`.

use super::{check, cursor, page};
use crate::dto::message::Message;
use crate::extract::{List, PageQuery, Path, Permitted, Query, may};
use crate::problem::Answer;
use axum::Json;
use serde::Deserialize;
use squad_domain::ids::MemberName;
use squad_storage::MessageScope;
use utoipa::IntoParams;
use uuid::Uuid;

/// The two members.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct Two {
    /// The name of the one.
    #[param(example = "Bea")]
    between: String,
    /// The name of the other.
    #[param(example = "Tom")]
    and: String,
}

/// What two members said to each other in an execution, oldest first
///
/// To each other only: what went to everyone is not in it.
#[utoipa::path(
    get,
    path = "/executions/{id}/messages/conversation",
    operation_id = "show_execution_conversation",
    tag = "messages",
    extensions(("x-permission" = json!("executions:read"))),
    params(("id" = Uuid, Path, description = "Which execution"), Two, PageQuery),
    responses((status = 200, description = "The messages", body = List<Message>)),
)]
pub(crate) async fn in_execution(
    permitted: Permitted<may::ReadExecutions>,
    Path(id): Path<Uuid>,
    Query(two): Query<Two>,
    page: PageQuery,
) -> Answer<Json<List<Message>>> {
    answer(&permitted, super::in_execution(id), two, &page).await
}

/// What two members of a squad said to each other, oldest first
///
/// In all of the squad's executions. To each other only: what went to everyone is not in it.
#[utoipa::path(
    get,
    path = "/squads/{id}/messages/conversation",
    operation_id = "show_squad_conversation",
    tag = "messages",
    extensions(("x-permission" = json!("executions:read"))),
    params(("id" = Uuid, Path, description = "Which squad"), Two, PageQuery),
    responses((status = 200, description = "The messages", body = List<Message>)),
)]
pub(crate) async fn in_squad(
    permitted: Permitted<may::ReadExecutions>,
    Path(id): Path<Uuid>,
    Query(two): Query<Two>,
    page: PageQuery,
) -> Answer<Json<List<Message>>> {
    answer(&permitted, super::in_squad(id), two, &page).await
}

async fn answer(
    permitted: &Permitted<may::ReadExecutions>,
    scope: MessageScope,
    two: Two,
    query: &PageQuery,
) -> Answer<Json<List<Message>>> {
    check(permitted, scope).await?;
    let (one, other) = (MemberName(two.between), MemberName(two.and));
    let (limit, after) = (query.limit()?, query.place()?.map(cursor));
    let rows = permitted.tenant.conversation(scope, (&one, &other), after, limit + 1).await?;
    Ok(Json(page(rows, limit)))
}
