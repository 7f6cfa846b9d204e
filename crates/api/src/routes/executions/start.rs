//! `POST /executions`.

use super::prepare::{Wish, start};
use crate::app::App;
use crate::dto::execution::Execution;
use crate::dto::{money, rules};
use crate::extract::{Json, Permitted, may};
use crate::problem::Answer;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::IntoResponse;
use garde::Validate;
use serde::Deserialize;
use squad_domain::ids::SquadId;
use squad_domain::model::ModelRef;
use squad_domain::task::Task;
use utoipa::ToSchema;
use uuid::Uuid;

/// What a squad shall do, and where.
#[derive(Debug, Deserialize, Validate, ToSchema)]
pub(crate) struct StartExecution {
    /// Who works on it.
    #[garde(skip)]
    squad_id: Uuid,
    /// On which project's repository. Either this or `repository`.
    #[garde(skip)]
    project_id: Option<Uuid>,
    /// On which repository: a URL without credentials, or, where the operator allows it, a path on the server.
    #[garde(custom(rules::optional_at_most::<2_000>))]
    #[schema(example = "https://github.com/you/shop", max_length = 2000)]
    repository: Option<String>,
    /// What is wanted, in a line.
    #[garde(custom(rules::line::<200>))]
    #[schema(example = "The total ignores the discount", min_length = 1, max_length = 200)]
    title: String,
    /// The rest, in Markdown.
    #[garde(custom(rules::at_most::<100_000>))]
    #[serde(default)]
    #[schema(max_length = 100000)]
    description: String,
    /// The branch to make; made from the title where it is left out.
    #[garde(custom(rules::optional_at_most::<200>))]
    #[schema(example = "squad/discount", max_length = 200)]
    branch: Option<String>,
    /// What it may cost, in US dollars.
    #[garde(custom(money::dollars))]
    #[schema(example = 2.5, minimum = 0)]
    budget_usd: Option<f64>,
    /// One model for everything, as `provider/model`; otherwise the squad's own, or the installation's.
    #[garde(custom(rules::optional_at_most::<200>))]
    #[schema(example = "anthropic/claude-sonnet-4-5")]
    model: Option<String>,
}

/// Starts an execution
///
/// It is `pending` until a worker takes it up. Watch it at `/executions/{id}/events`.
#[utoipa::path(
    post,
    path = "/executions",
    operation_id = "start_execution",
    tag = "executions",
    extensions(("x-permission" = json!("executions:start"))),
    request_body = StartExecution,
    responses((status = 201, description = "It is started", body = Execution, headers(("Location" = String, description = "Its address")))),
)]
pub(crate) async fn handler(
    State(app): State<App>,
    permitted: Permitted<may::StartExecutions>,
    Json(body): Json<StartExecution>,
) -> Answer<impl IntoResponse> {
    let wish = Wish {
        squad: SquadId(body.squad_id),
        project: body.project_id,
        repository: body.repository,
        task: Task { title: body.title.trim().to_owned(), description: body.description },
        branch: body.branch,
        budget: body.budget_usd.map(money::micros),
        model: body.model.as_deref().map(model).transpose()?,
    };
    let row = start(&app, &permitted, wish).await?;
    let location = [(header::LOCATION, format!("/api/v1/executions/{}", row.id))];
    Ok((StatusCode::CREATED, location, axum::Json(Execution::from(row))))
}

/// A model as people write it.
pub(super) fn model(text: &str) -> Answer<ModelRef> {
    text.parse().map_err(|error: <ModelRef as std::str::FromStr>::Err| {
        crate::problem::Problem::field("model", error.to_string())
    })
}
