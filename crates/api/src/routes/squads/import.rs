//! `POST /squads/import`.

use super::{Draft, make};
use crate::app::App;
use crate::dto::rules;
use crate::dto::squad::SquadDetails;
use crate::extract::{Json, Permitted, may};
use crate::problem::{Answer, Problem};
use crate::routes::squad_members::check;
use axum::extract::State;
use axum::response::Response;
use garde::Validate;
use serde::Deserialize;
use utoipa::ToSchema;

/// A squad as a file has it.
#[derive(Debug, Deserialize, Validate, ToSchema)]
pub(crate) struct ImportSquad {
    /// The text of the file, as `GET /squads/{id}/export` gives it and `squad run --squad` takes it.
    #[garde(custom(rules::at_most::<512_000>))]
    #[schema(
        example = "name = \"Solo\"\n\n[[members]]\nname = \"Sam\"\nrole = \"backend_developer\"\n",
        max_length = 512000
    )]
    toml: String,
}

/// Makes a squad from a file
///
/// What does not fit in the text is named by its line.
#[utoipa::path(
    post,
    path = "/squads/import",
    operation_id = "import_squad",
    tag = "squads",
    extensions(("x-permission" = json!("squads:write"))),
    request_body = ImportSquad,
    responses((
        status = 201,
        description = "The squad",
        body = SquadDetails,
        headers(("Location" = String, description = "Its address"), ("ETag" = String, description = "Its version")),
    )),
)]
pub(crate) async fn handler(
    State(app): State<App>,
    permitted: Permitted<may::WriteSquads>,
    Json(body): Json<ImportSquad>,
) -> Answer<Response> {
    let refused = |why: String| Problem::field("toml", why);
    let squad = squad_templates::parse(&body.toml, app.engine().prompts())
        .map_err(|error| refused(error.to_string()))?;
    rules::name(&squad.name, &()).map_err(|error| refused(format!("`name` {error}")))?;
    rules::at_most::<64_000>(&squad.description, &())
        .map_err(|error| refused(format!("`description` {error}")))?;
    squad.members.iter().try_for_each(|member| check(&app, "toml.", member))?;
    let draft = Draft {
        name: squad.name,
        description: squad.description,
        members: squad.members,
        profile: None,
        approval: None,
        budget: None,
    };
    make(&app, &permitted, draft).await
}
