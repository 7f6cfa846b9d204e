//! `GET /squads/{id}/composition`.

use super::find;
use crate::dto::slugs;
use crate::extract::{Path, Permitted, may};
use crate::problem::Answer;
use axum::Json;
use serde::Serialize;
use squad_domain::duty::Duty;
use squad_domain::ids::SquadId;
use squad_domain::role::Role;
use squad_domain::squad::Squad;
use squad_storage::SquadMember;
use std::collections::BTreeSet;
use utoipa::ToSchema;
use uuid::Uuid;

/// What a squad is made of.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Composition {
    /// How many of its members work.
    active: usize,
    /// How many do not.
    inactive: usize,
    /// The roles of those who work, in the order in which people list them.
    roles: Vec<RoleCount>,
    /// Who takes which duty.
    duties: Vec<DutyHolder>,
}

/// How many have that role.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct RoleCount {
    /// The role.
    #[schema(schema_with = slugs::member_role)]
    role: &'static str,
    /// Its name for people.
    #[schema(example = "Backend developer")]
    title: &'static str,
    /// How many.
    count: usize,
}

/// Who takes a duty.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct DutyHolder {
    /// The duty.
    #[schema(schema_with = slugs::duty)]
    duty: &'static str,
    /// The member; absent: the duty falls away.
    #[serde(skip_serializing_if = "Option::is_none")]
    member_id: Option<Uuid>,
    /// Its name.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "Tom")]
    name: Option<String>,
}

/// What a squad is made of
///
/// How many there are of each role, and who takes which duty. Sub-tasks are handed out one by one, so `work` names who
/// takes one that fits nobody better; what somebody wrote is reviewed by the next who can.
#[utoipa::path(
    get,
    path = "/squads/{id}/composition",
    operation_id = "show_squad_composition",
    tag = "squads",
    extensions(("x-permission" = json!("squads:read"))),
    params(("id" = Uuid, Path, description = "Which squad")),
    responses((status = 200, description = "The composition", body = Composition)),
)]
pub(crate) async fn handler(
    permitted: Permitted<may::ReadSquads>,
    Path(id): Path<Uuid>,
) -> Answer<Json<Composition>> {
    let squad = find(&permitted, id).await?;
    let members = permitted.tenant.members(SquadId(id)).await?;
    Ok(Json(compose(squad.id, &members)))
}

fn compose(id: SquadId, members: &[SquadMember]) -> Composition {
    let active: Vec<_> = members.iter().filter(|row| row.active).collect();
    let count = |role: Role| active.iter().filter(|row| row.member.role == role).count();
    let roles = Role::ALL.iter().map(|role| RoleCount {
        role: role.slug(),
        title: role.title(),
        count: count(*role),
    });
    let squad =
        Squad { id, name: String::new(), members: active.iter().map(|row| row.member.clone()).collect() };
    // Who answers a question is whoever was asked.
    let held = Duty::ALL.iter().filter(|duty| **duty != Duty::Answer);
    let duties = held.map(|duty| {
        let holder = squad.holder(*duty, &BTreeSet::new()).map(|member| &member.name);
        let row = holder.and_then(|name| active.iter().find(|row| row.member.name == *name));
        DutyHolder {
            duty: duty.slug(),
            member_id: row.map(|row| row.id),
            name: row.map(|row| row.member.name.to_string()),
        }
    });
    Composition {
        active: active.len(),
        inactive: members.len() - active.len(),
        roles: roles.filter(|role| role.count > 0).collect(),
        duties: duties.collect(),
    }
}
