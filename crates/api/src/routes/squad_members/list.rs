//! `GET /squads/{id}/members`.

use crate::dto::slugs;
use crate::dto::squad_member::SquadMember;
use crate::extract::{List, Path, Permitted, Query, may};
use crate::problem::Answer;
use crate::routes::squads;
use axum::Json;
use serde::Deserialize;
use squad_domain::ids::SquadId;
use squad_domain::role::Role;
use utoipa::IntoParams;
use uuid::Uuid;

/// Which members.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct Filter {
    /// Only those of this role.
    #[param(schema_with = slugs::member_role)]
    role: Option<Role>,
    /// Only those that work, or only those that do not.
    active: Option<bool>,
}

/// The members of a squad
///
/// All of them in one answer, in their order.
#[utoipa::path(
    get,
    path = "/squads/{id}/members",
    operation_id = "list_squad_members",
    tag = "squads",
    extensions(("x-permission" = json!("squads:read"))),
    params(("id" = Uuid, Path, description = "Which squad"), Filter),
    responses((status = 200, description = "The members", body = List<SquadMember>)),
)]
pub(crate) async fn handler(
    permitted: Permitted<may::ReadSquads>,
    Path(id): Path<Uuid>,
    Query(filter): Query<Filter>,
) -> Answer<Json<List<SquadMember>>> {
    squads::find(&permitted, id).await?;
    let rows = permitted.tenant.members(SquadId(id)).await?.into_iter();
    let rows = rows.filter(|row| filter.role.is_none_or(|role| row.member.role == role));
    let rows = rows.filter(|row| filter.active.is_none_or(|active| row.active == active));
    Ok(Json(List::whole(rows.map(SquadMember::from).collect())))
}
