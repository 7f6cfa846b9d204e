//! What people do to an execution that is under way: each is one input to the engine, and answers with how it stands then.

use super::find;
use crate::app::App;
use crate::dto::execution::Execution;
use crate::dto::{money, rules};
use crate::extract::{Json, Path, Permitted, may};
use crate::problem::{Answer, Code, Problem};
use axum::extract::State;
use garde::Validate;
use serde::Deserialize;
use squad_domain::ids::ExecutionId;
use squad_domain::question::{Answer as Given, Question, Subject};
use squad_engine::Input;
use utoipa::ToSchema;
use uuid::Uuid;

type Steering = Permitted<may::SteerExecutions>;
type Stands = Answer<axum::Json<Execution>>;

/// Hands an input over, and tells how the execution stands then.
async fn act(app: &App, permitted: &Steering, id: Uuid, input: Input) -> Stands {
    app.engine().input(ExecutionId(id), &permitted.caller.user.name, input).await?;
    Ok(axum::Json(find(permitted, id).await?.into()))
}

/// The question that is meant: the one that is named, or the only open one that takes such an answer.
async fn question(
    app: &App,
    permitted: &Steering,
    id: Uuid,
    named: Option<String>,
    given: &Given,
) -> Answer<Question> {
    find(permitted, id).await?;
    let (state, _) = app.engine().load(ExecutionId(id)).await?;
    let mut open = state.open_questions().filter(|question| question.waits_for_person());
    if let Some(named) = named {
        let found = open.find(|question| question.id.as_str() == named);
        return found.cloned().ok_or_else(|| {
            Problem::new(
                Code::Conflict,
                format!("no question `{named}` is open; see `/executions/{id}/questions`"),
            )
        });
    }
    let fitting: Vec<&Question> = open.filter(|question| question.accepts(given).is_ok()).collect();
    match fitting.as_slice() {
        [one] => Ok((*one).clone()),
        [] => Err(Problem::new(
            Code::Conflict,
            format!("it asks nothing that this would answer; see `/executions/{id}/questions`"),
        )),
        several => {
            let ids: Vec<&str> = several.iter().map(|question| question.id.as_str()).collect();
            Err(Problem::field("question", format!("name one of the open questions: {}", ids.join(", "))))
        }
    }
}

async fn answer(app: &App, permitted: &Steering, id: Uuid, named: Option<String>, given: Given) -> Stands {
    let question = question(app, permitted, id, named, &given).await?.id;
    act(app, permitted, id, Input::Answer { question, answer: given }).await
}

/// Yes.
#[derive(Debug, Deserialize, Validate, ToSchema)]
pub(crate) struct Approve {
    /// Which question, such as `q3`; the only open one that can be approved where it is left out.
    #[garde(inner(length(max = 20)))]
    question: Option<String>,
    /// A remark for the squad.
    #[garde(custom(rules::at_most::<10_000>))]
    #[serde(default)]
    note: String,
}

/// Approves the plan, or work as it is
#[utoipa::path(
    post,
    path = "/executions/{id}/approve",
    operation_id = "approve_execution",
    tag = "executions",
    extensions(("x-permission" = json!("executions:steer"))),
    params(("id" = Uuid, Path, description = "Which execution")),
    request_body = Approve,
    responses((status = 200, description = "How it stands now", body = Execution)),
)]
pub(crate) async fn approve(
    State(app): State<App>,
    permitted: Steering,
    Path(id): Path<Uuid>,
    Json(body): Json<Approve>,
) -> Stands {
    answer(&app, &permitted, id, body.question, Given::Approve { note: body.note }).await
}

/// No, and why.
#[derive(Debug, Deserialize, Validate, ToSchema)]
pub(crate) struct Reject {
    /// Which question; the open plan where it is left out.
    #[garde(inner(length(max = 20)))]
    question: Option<String>,
    /// What should be different.
    #[garde(custom(rules::text::<10_000>))]
    #[schema(example = "do not touch the public API", min_length = 1)]
    reason: String,
}

/// Rejects the plan
///
/// The squad plans anew, with the reason. No to anything but a plan ends the execution as failed, because there is no way on.
#[utoipa::path(
    post,
    path = "/executions/{id}/reject",
    operation_id = "reject_execution",
    tag = "executions",
    extensions(("x-permission" = json!("executions:steer"))),
    params(("id" = Uuid, Path, description = "Which execution")),
    request_body = Reject,
    responses((status = 200, description = "How it stands now", body = Execution)),
)]
pub(crate) async fn reject(
    State(app): State<App>,
    permitted: Steering,
    Path(id): Path<Uuid>,
    Json(body): Json<Reject>,
) -> Stands {
    let rejected = Given::Reject { reason: body.reason };
    let asked = question(&app, &permitted, id, body.question, &rejected).await?;
    let given = if matches!(asked.subject, Subject::PlanApproval { .. }) { rejected } else { Given::Stop };
    act(&app, &permitted, id, Input::Answer { question: asked.id, answer: given }).await
}

/// An answer in words.
#[derive(Debug, Deserialize, Validate, ToSchema)]
pub(crate) struct AnswerQuestion {
    /// Which question; the only open one that takes words where it is left out.
    #[garde(inner(length(max = 20)))]
    question: Option<String>,
    /// The words.
    #[garde(custom(rules::text::<20_000>))]
    #[schema(example = "a rate between 0 and 1", min_length = 1)]
    text: String,
}

/// Answers a question in words
#[utoipa::path(
    post,
    path = "/executions/{id}/answer",
    operation_id = "answer_execution",
    tag = "executions",
    extensions(("x-permission" = json!("executions:steer"))),
    params(("id" = Uuid, Path, description = "Which execution")),
    request_body = AnswerQuestion,
    responses((status = 200, description = "How it stands now", body = Execution)),
)]
pub(crate) async fn answer_question(
    State(app): State<App>,
    permitted: Steering,
    Path(id): Path<Uuid>,
    Json(body): Json<AnswerQuestion>,
) -> Stands {
    answer(&app, &permitted, id, body.question, Given::Text { text: body.text }).await
}

/// Words for the squad.
#[derive(Debug, Deserialize, Validate, ToSchema)]
pub(crate) struct SendMessage {
    /// To whom, by name or role; to everybody where it is left out.
    #[garde(inner(length(max = 60)))]
    #[schema(example = "Bea")]
    to: Option<String>,
    /// What.
    #[garde(custom(rules::text::<20_000>))]
    #[schema(example = "keep the old endpoint working", min_length = 1)]
    content: String,
}

/// Says something to a member, or to everybody
///
/// They read it before their next step: this is how an execution is steered.
#[utoipa::path(
    post,
    path = "/executions/{id}/messages",
    operation_id = "message_execution",
    tag = "executions",
    extensions(("x-permission" = json!("executions:steer"))),
    params(("id" = Uuid, Path, description = "Which execution")),
    request_body = SendMessage,
    responses((status = 200, description = "How it stands now", body = Execution)),
)]
pub(crate) async fn message(
    State(app): State<App>,
    permitted: Steering,
    Path(id): Path<Uuid>,
    Json(body): Json<SendMessage>,
) -> Stands {
    find(&permitted, id).await?;
    act(&app, &permitted, id, Input::Message { to: body.to, content: body.content }).await
}

/// Pauses it
///
/// What is under way comes to its end; nothing new begins until it is resumed.
#[utoipa::path(
    post,
    path = "/executions/{id}/pause",
    operation_id = "pause_execution",
    tag = "executions",
    extensions(("x-permission" = json!("executions:steer"))),
    params(("id" = Uuid, Path, description = "Which execution")),
    responses((status = 200, description = "How it stands now", body = Execution)),
)]
pub(crate) async fn pause(State(app): State<App>, permitted: Steering, Path(id): Path<Uuid>) -> Stands {
    find(&permitted, id).await?;
    act(&app, &permitted, id, Input::Pause).await
}

/// Lets a paused one go on
#[utoipa::path(
    post,
    path = "/executions/{id}/resume",
    operation_id = "resume_execution",
    tag = "executions",
    extensions(("x-permission" = json!("executions:steer"))),
    params(("id" = Uuid, Path, description = "Which execution")),
    responses((status = 200, description = "How it stands now", body = Execution)),
)]
pub(crate) async fn resume(State(app): State<App>, permitted: Steering, Path(id): Path<Uuid>) -> Stands {
    find(&permitted, id).await?;
    act(&app, &permitted, id, Input::Resume).await
}

/// Why it is ended.
#[derive(Debug, Deserialize, Validate, ToSchema)]
pub(crate) struct Cancel {
    /// For those who read it later.
    #[garde(custom(rules::at_most::<2_000>))]
    #[serde(default)]
    #[schema(example = "no longer needed")]
    reason: String,
}

/// Ends it
///
/// Calls that are under way are broken off. What was done so far stays readable.
#[utoipa::path(
    post,
    path = "/executions/{id}/cancel",
    operation_id = "cancel_execution",
    tag = "executions",
    extensions(("x-permission" = json!("executions:steer"))),
    params(("id" = Uuid, Path, description = "Which execution")),
    request_body = Cancel,
    responses((status = 200, description = "How it stands now", body = Execution)),
)]
pub(crate) async fn cancel(
    State(app): State<App>,
    permitted: Steering,
    Path(id): Path<Uuid>,
    Json(body): Json<Cancel>,
) -> Stands {
    find(&permitted, id).await?;
    let reason = if body.reason.trim().is_empty() { "cancelled by a person".to_owned() } else { body.reason };
    act(&app, &permitted, id, Input::Cancel { reason }).await
}

/// A limit.
#[derive(Debug, Deserialize, Validate, ToSchema)]
pub(crate) struct SetBudget {
    /// The whole new limit, in US dollars.
    #[garde(range(min = 0.0, max = 1_000_000_000.0))]
    #[schema(example = 5.0, minimum = 0)]
    limit_usd: f64,
    /// Whose, by name or role; the execution's where it is left out.
    #[garde(inner(length(max = 60)))]
    member: Option<String>,
}

/// Sets what it may cost
///
/// Up or down, at any time. A question that waits for just this budget is answered with it.
#[utoipa::path(
    put,
    path = "/executions/{id}/budget",
    operation_id = "set_execution_budget",
    tag = "executions",
    extensions(("x-permission" = json!("executions:steer"))),
    params(("id" = Uuid, Path, description = "Which execution")),
    request_body = SetBudget,
    responses((status = 200, description = "How it stands now", body = Execution)),
)]
pub(crate) async fn budget(
    State(app): State<App>,
    permitted: Steering,
    Path(id): Path<Uuid>,
    Json(body): Json<SetBudget>,
) -> Stands {
    find(&permitted, id).await?;
    let limit = money::micros(body.limit_usd);
    act(&app, &permitted, id, Input::SetBudget { member: body.member, limit }).await
}

/// Another model.
#[derive(Debug, Deserialize, Validate, ToSchema)]
pub(crate) struct SwapExecutionModel {
    /// As `provider/model`.
    #[garde(length(min = 1, max = 200))]
    #[schema(example = "anthropic/claude-sonnet-4-5")]
    model: String,
    /// Whose, by name or role; everybody's where it is left out.
    #[garde(inner(length(max = 60)))]
    member: Option<String>,
}

/// Changes the model of a member, or of everybody
#[utoipa::path(
    post,
    path = "/executions/{id}/swap-model",
    operation_id = "swap_execution_model",
    tag = "executions",
    extensions(("x-permission" = json!("executions:steer"))),
    params(("id" = Uuid, Path, description = "Which execution")),
    request_body = SwapExecutionModel,
    responses((status = 200, description = "How it stands now", body = Execution)),
)]
pub(crate) async fn swap_model(
    State(app): State<App>,
    permitted: Steering,
    Path(id): Path<Uuid>,
    Json(body): Json<SwapExecutionModel>,
) -> Stands {
    find(&permitted, id).await?;
    let model = super::start::model(&body.model)?;
    act(&app, &permitted, id, Input::SwapModel { member: body.member, model }).await
}

/// Once more.
#[derive(Debug, Deserialize, Validate, ToSchema)]
pub(crate) struct Retry {
    /// Which question; the only open one that can be retried where it is left out.
    #[garde(inner(length(max = 20)))]
    question: Option<String>,
    /// A remark for the squad.
    #[garde(custom(rules::at_most::<10_000>))]
    #[serde(default)]
    note: String,
}

/// Tries again what an execution is stuck at
///
/// Another try, another round, as many turns again: whatever the open question asks for.
#[utoipa::path(
    post,
    path = "/executions/{id}/retry",
    operation_id = "retry_execution",
    tag = "executions",
    extensions(("x-permission" = json!("executions:steer"))),
    params(("id" = Uuid, Path, description = "Which execution")),
    request_body = Retry,
    responses((status = 200, description = "How it stands now", body = Execution)),
)]
pub(crate) async fn retry(
    State(app): State<App>,
    permitted: Steering,
    Path(id): Path<Uuid>,
    Json(body): Json<Retry>,
) -> Stands {
    answer(&app, &permitted, id, body.question, Given::Retry { note: body.note }).await
}
