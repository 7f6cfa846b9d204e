//! `GET /members/{id}/revisions`, `GET /members/{id}/revisions/{revision}`.

use super::find;
use crate::dto::squad_member::{MemberRevision, MemberRevisionDetails};
use crate::extract::{List, PageQuery, Path, Permitted, may};
use crate::problem::{Answer, Problem};
use axum::Json;
use uuid::Uuid;

/// What a member was, newest first
#[utoipa::path(
    get,
    path = "/members/{id}/revisions",
    operation_id = "list_squad_member_revisions",
    tag = "squads",
    extensions(("x-permission" = json!("squads:read"))),
    params(("id" = Uuid, Path, description = "Which member"), PageQuery),
    responses((status = 200, description = "The revisions", body = List<MemberRevision>)),
)]
pub(crate) async fn list(
    permitted: Permitted<may::ReadSquads>,
    Path(id): Path<Uuid>,
    page: PageQuery,
) -> Answer<Json<List<MemberRevision>>> {
    find(&permitted, id).await?;
    let limit = page.limit()?;
    let rows = permitted.tenant.member_revisions(id, limit + 1, page.place::<u64>()?).await?;
    Ok(Json(List::page(rows, limit, |row| row.revision, MemberRevision::from)))
}

/// One revision of a member, with what it changed
#[utoipa::path(
    get,
    path = "/members/{id}/revisions/{revision}",
    operation_id = "show_squad_member_revision",
    tag = "squads",
    extensions(("x-permission" = json!("squads:read"))),
    params(
        ("id" = Uuid, Path, description = "Which member"),
        ("revision" = u64, Path, description = "Which revision, from 1"),
    ),
    responses((status = 200, description = "The revision", body = MemberRevisionDetails)),
)]
pub(crate) async fn show(
    permitted: Permitted<may::ReadSquads>,
    Path((id, number)): Path<(Uuid, u64)>,
) -> Answer<Json<MemberRevisionDetails>> {
    let tenant = &permitted.tenant;
    let found = tenant.member_revision(id, number).await?.ok_or_else(|| Problem::not_found("revision"))?;
    let before = match number.checked_sub(1) {
        Some(number) => tenant.member_revision(id, number).await?.map(MemberRevision::from),
        None => None,
    };
    Ok(Json(MemberRevisionDetails::new(found.into(), before.as_ref())))
}
