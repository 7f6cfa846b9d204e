//! `GET /squads/{id}/export`.

use super::find;
use crate::extract::{Path, Permitted, may};
use crate::problem::Answer;
use axum::http::header;
use axum::response::IntoResponse;
use squad_domain::ids::SquadId;
use uuid::Uuid;

/// A squad as a file
///
/// What `POST /squads/import` and `squad run --squad` take: its name, what it is for, and the members that work.
#[utoipa::path(
    get,
    path = "/squads/{id}/export",
    operation_id = "export_squad",
    tag = "squads",
    extensions(("x-permission" = json!("squads:read"))),
    params(("id" = Uuid, Path, description = "Which squad")),
    responses((status = 200, description = "The file", body = String, content_type = "application/toml")),
)]
pub(crate) async fn handler(
    permitted: Permitted<may::ReadSquads>,
    Path(id): Path<Uuid>,
) -> Answer<impl IntoResponse> {
    let squad = find(&permitted, id).await?;
    let members = permitted.tenant.members(SquadId(id)).await?;
    let members: Vec<_> = members.into_iter().filter(|row| row.active).map(|row| row.member).collect();
    let text = squad_templates::to_toml(&squad.name, &squad.description, &members);
    let headers = [
        (header::CONTENT_TYPE, "application/toml".to_owned()),
        (header::CONTENT_DISPOSITION, format!("attachment; filename=\"squad-{id}.toml\"")),
    ];
    Ok((headers, text))
}
