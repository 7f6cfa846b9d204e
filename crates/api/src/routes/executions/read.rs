//! What an execution holds beside its events: open questions, the plan, the report, the change.

use super::find;
use crate::app::App;
use crate::extract::{List, Path, Permitted, Query, may};
use crate::problem::{Answer, Code, Problem};
use axum::Json;
use axum::extract::State;
use axum::http::header;
use axum::response::{IntoResponse as _, Response};
use serde::{Deserialize, Serialize};
use squad_domain::ids::ExecutionId;
use squad_domain::question::Question;
use squad_engine::report::Report;
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

/// A question that waits for a person.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct OpenQuestion {
    /// Its id within the execution.
    #[schema(example = "q3")]
    id: String,
    /// Who asks: `engine` or `member:<name>`.
    #[schema(example = "member:Pia")]
    from: String,
    /// What hangs on it: `plan_approval`, `budget`, `tool`, …
    #[schema(example = "plan_approval")]
    kind: String,
    /// The words.
    text: String,
    /// Answers that the asker proposes. Other ones are fine too.
    options: Vec<String>,
}

/// Open questions
///
/// Those that wait for a person; answer them with `approve`, `reject`, `answer`, `retry` or a new budget.
#[utoipa::path(
    get,
    path = "/executions/{id}/questions",
    operation_id = "list_questions",
    tag = "executions",
    extensions(("x-permission" = json!("executions:read"))),
    params(("id" = Uuid, Path, description = "Which execution")),
    responses((status = 200, description = "The questions", body = List<OpenQuestion>)),
)]
pub(crate) async fn questions(
    State(app): State<App>,
    permitted: Permitted<may::ReadExecutions>,
    Path(id): Path<Uuid>,
) -> Answer<Json<List<OpenQuestion>>> {
    find(&permitted, id).await?;
    let (state, _) = app.engine().load(ExecutionId(id)).await?;
    let open = state.open_questions().filter(|question| question.waits_for_person());
    let shown = open.map(|question| OpenQuestion {
        id: question.id.to_string(),
        from: question.from.to_string(),
        kind: kind(question),
        text: question.text.clone(),
        options: question.options.clone(),
    });
    Ok(Json(List::whole(shown.collect())))
}

/// The name under which the log has it.
fn kind(question: &Question) -> String {
    let subject = serde_json::to_value(&question.subject).unwrap_or_default();
    subject["about"].as_str().unwrap_or_default().to_owned()
}

/// In which form.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct ReportForm {
    /// `json`, or `markdown` for people.
    #[serde(default)]
    #[param(inline, default = "json")]
    format: Form,
}

/// The form of a report.
#[derive(Debug, Clone, Copy, Default, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Form {
    /// For programs.
    #[default]
    Json,
    /// For people.
    Markdown,
}

/// The report
///
/// What was done, by whom, for how much, and which event proves each claim. At any time; at the end it is the summary.
#[utoipa::path(
    get,
    path = "/executions/{id}/report",
    operation_id = "report_execution",
    tag = "executions",
    extensions(("x-permission" = json!("executions:read"))),
    params(("id" = Uuid, Path, description = "Which execution"), ReportForm),
    responses((status = 200, description = "The report", content((serde_json::Value = "application/json"), (String = "text/markdown")))),
)]
pub(crate) async fn report(
    State(app): State<App>,
    permitted: Permitted<may::ReadExecutions>,
    Path(id): Path<Uuid>,
    Query(form): Query<ReportForm>,
) -> Answer<Response> {
    find(&permitted, id).await?;
    let (state, events) = app.engine().load(ExecutionId(id)).await?;
    let report = Report::build(ExecutionId(id), &state, &events);
    Ok(match form.format {
        Form::Json => Json(report).into_response(),
        Form::Markdown => {
            ([(header::CONTENT_TYPE, "text/markdown; charset=utf-8")], report.to_markdown()).into_response()
        }
    })
}

/// The plan as it stands.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Plan {
    /// How often one was submitted.
    version: u32,
    /// Whether it may be worked on.
    approved: bool,
    /// What the squad understood, and what must be true at the end.
    #[schema(value_type = Object)]
    analysis: serde_json::Value,
    /// Its sub-tasks, in the order in which they are merged.
    subtasks: Vec<PlannedSubtask>,
}

/// A sub-task of a plan.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct PlannedSubtask {
    /// Its id within the plan.
    #[schema(example = "s1")]
    id: String,
    /// One line.
    title: String,
    /// What to do.
    description: String,
    /// Who should, by role.
    #[schema(example = "backend_developer")]
    role: String,
    /// Sub-tasks whose merged work it needs.
    depends_on: Vec<String>,
    /// What must be true when it is done.
    acceptance_criteria: Vec<String>,
}

/// The plan
#[utoipa::path(
    get,
    path = "/executions/{id}/plan",
    operation_id = "show_plan",
    tag = "executions",
    extensions(("x-permission" = json!("executions:read"))),
    params(("id" = Uuid, Path, description = "Which execution")),
    responses((status = 200, description = "The plan", body = Plan)),
)]
pub(crate) async fn plan(
    State(app): State<App>,
    permitted: Permitted<may::ReadExecutions>,
    Path(id): Path<Uuid>,
) -> Answer<Json<Plan>> {
    find(&permitted, id).await?;
    let (state, _) = app.engine().load(ExecutionId(id)).await?;
    let plan = state.plan.ok_or_else(|| Problem::new(Code::NotFound, "there is no plan yet"))?;
    let subtasks = plan.subtasks.into_iter().map(|subtask| PlannedSubtask {
        id: subtask.id.to_string(),
        title: subtask.title,
        description: subtask.description,
        role: subtask.role.slug().to_owned(),
        depends_on: subtask.depends_on.iter().map(ToString::to_string).collect(),
        acceptance_criteria: subtask.acceptance_criteria,
    });
    Ok(Json(Plan {
        version: state.plan_version,
        approved: state.plan_approved,
        analysis: serde_json::to_value(&state.analysis).unwrap_or_default(),
        subtasks: subtasks.collect(),
    }))
}

/// What was changed.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Diff {
    /// The commit that it started from.
    base: String,
    /// The tip of the work.
    head: String,
    /// The unified diff.
    diff: String,
    /// Whether the diff is longer than what is here.
    truncated: bool,
}

/// The change so far
#[utoipa::path(
    get,
    path = "/executions/{id}/diff",
    operation_id = "diff_execution",
    tag = "executions",
    extensions(("x-permission" = json!("executions:read"))),
    params(("id" = Uuid, Path, description = "Which execution")),
    responses((status = 200, description = "The change", body = Diff)),
)]
pub(crate) async fn diff(
    State(app): State<App>,
    permitted: Permitted<may::ReadExecutions>,
    Path(id): Path<Uuid>,
) -> Answer<Json<Diff>> {
    find(&permitted, id).await?;
    let changes = app.engine().changes(ExecutionId(id)).await?;
    let changes = changes.ok_or_else(|| Problem::new(Code::NotFound, "it has changed nothing yet"))?;
    Ok(Json(Diff {
        base: changes.base.to_string(),
        head: changes.head.to_string(),
        diff: changes.diff,
        truncated: changes.truncated,
    }))
}
