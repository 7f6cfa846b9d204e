//! `GET /squad-templates`.

use crate::app::App;
use crate::dto::squad::SquadTemplate;
use crate::extract::{List, Permitted, may};
use crate::problem::{Answer, Problem};
use axum::Json;
use axum::extract::State;

/// Squads that ship
///
/// `POST /squads` makes one of them with its `key` as `template`.
#[utoipa::path(
    get,
    path = "/squad-templates",
    operation_id = "list_squad_templates",
    tag = "squads",
    extensions(("x-permission" = json!("squads:read"))),
    responses((status = 200, description = "The templates", body = List<SquadTemplate>)),
)]
pub(crate) async fn handler(
    State(app): State<App>,
    _: Permitted<may::ReadSquads>,
) -> Answer<Json<List<SquadTemplate>>> {
    let templates = squad_templates::shipped(app.engine().prompts()).map_err(|error| {
        tracing::error!(%error, "a squad that ships does not fit the prompts");
        Problem::internal()
    })?;
    Ok(Json(List::whole(templates.into_iter().map(SquadTemplate::from).collect())))
}
