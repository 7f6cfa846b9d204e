//! `POST /squads/{id}/members`.

use super::{changed, checked};
use crate::app::App;
use crate::dto::squad_member::{NewMember, SquadMember};
use crate::extract::{Json, Path, Permitted, may};
use crate::problem::Answer;
use crate::routes::squads;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::IntoResponse;
use squad_domain::ids::SquadId;
use uuid::Uuid;

/// Hires a member
///
/// After those that are there. Executions that run already go on without it.
#[utoipa::path(
    post,
    path = "/squads/{id}/members",
    operation_id = "add_squad_member",
    tag = "squads",
    extensions(("x-permission" = json!("squads:write"))),
    params(("id" = Uuid, Path, description = "Which squad")),
    request_body = NewMember,
    responses((
        status = 201,
        description = "The member",
        body = SquadMember,
        headers(("Location" = String, description = "Its address"), ("ETag" = String, description = "Its version")),
    )),
)]
pub(crate) async fn handler(
    State(app): State<App>,
    permitted: Permitted<may::WriteSquads>,
    Path(id): Path<Uuid>,
    Json(body): Json<NewMember>,
) -> Answer<impl IntoResponse> {
    squads::find(&permitted, id).await?;
    let (member, new) = (checked(&app, "", body)?, app.new_id());
    let author = permitted.author();
    let hired = changed(permitted.tenant.add_member(&author, SquadId(id), new, member, "").await?)?;
    let location = [(header::LOCATION, format!("/api/v1/members/{new}"))];
    Ok((StatusCode::CREATED, location, hired))
}
