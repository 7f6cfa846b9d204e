//! `POST /squads`.

use super::{Draft, make};
use crate::app::App;
use crate::dto::profile::{ModelName, Profile};
use crate::dto::squad::SquadDetails;
use crate::dto::squad_member::{NewMember, chosen};
use crate::dto::{money, rules, slugs};
use crate::extract::{Json, Permitted, may};
use crate::problem::{Answer, Problem};
use crate::routes::squad_members::checked;
use axum::extract::State;
use axum::response::Response;
use garde::Validate;
use serde::Deserialize;
use squad_domain::member::Member;
use squad_domain::squad::ApprovalPolicy;
use utoipa::ToSchema;

/// A squad that is to be made.
#[derive(Debug, Deserialize, Validate, ToSchema)]
pub(crate) struct CreateSquad {
    /// Its name.
    #[garde(custom(rules::name))]
    #[schema(example = "Product team", min_length = 1, max_length = 100)]
    name: String,
    /// What it is for.
    #[garde(custom(rules::at_most::<64_000>))]
    #[serde(default)]
    #[schema(example = "Everyday work on the shop", max_length = 64000)]
    description: String,
    /// Who is in it. Either this or `template`; without both it is empty, and members are added later.
    #[garde(length(max = 50), dive)]
    #[schema(max_items = 50)]
    members: Option<Vec<NewMember>>,
    /// The key of a squad that ships, whose members it gets.
    #[garde(custom(rules::optional_at_most::<100>))]
    #[schema(example = "pair", max_length = 100)]
    template: Option<String>,
    /// One model for members without any of their own. Either this or `profile`.
    #[garde(skip)]
    model: Option<ModelName>,
    /// Models for members without any of their own; without them and `model`: those of the installation.
    #[garde(dive)]
    profile: Option<Profile>,
    /// When a person approves its plans; absent: as the installation says.
    #[garde(skip)]
    #[schema(schema_with = slugs::approval)]
    approval: Option<ApprovalPolicy>,
    /// What one of its executions may cost, in US dollars.
    #[garde(custom(money::dollars))]
    #[schema(example = 5.0, minimum = 0, maximum = 1000000000)]
    budget_per_execution_usd: Option<f64>,
}

/// Makes a squad
///
/// With the members that the body lists, or those of a template. It is active.
#[utoipa::path(
    post,
    path = "/squads",
    operation_id = "create_squad",
    tag = "squads",
    extensions(("x-permission" = json!("squads:write"))),
    request_body = CreateSquad,
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
    Json(body): Json<CreateSquad>,
) -> Answer<Response> {
    let draft = Draft {
        members: members(&app, body.members, body.template)?,
        name: body.name,
        description: body.description,
        profile: chosen(body.model, body.profile)?,
        approval: body.approval,
        budget: body.budget_per_execution_usd.map(money::micros),
    };
    make(&app, &permitted, draft).await
}

fn members(app: &App, listed: Option<Vec<NewMember>>, template: Option<String>) -> Answer<Vec<Member>> {
    let Some(key) = template else {
        let listed = listed.unwrap_or_default().into_iter().enumerate();
        return listed.map(|(index, member)| checked(app, &format!("members[{index}]."), member)).collect();
    };
    if listed.is_some() {
        return Err(Problem::field("template", "give either `members` or `template`"));
    }
    let shipped = squad_templates::template(&key, app.engine().prompts())
        .map_err(|error| Problem::field("template", error.to_string()))?;
    let known = squad_templates::KEYS.join(", ");
    let unknown = || Problem::field("template", format!("there is no such template; there are {known}"));
    Ok(shipped.ok_or_else(unknown)?.members)
}
