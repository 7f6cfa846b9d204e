//! `PUT /executions/{id}/feedback`.

use crate::app::App;
use crate::dto::feedback::Feedback;
use crate::dto::rules;
use crate::extract::{Json, Path, Permitted, may};
use crate::problem::{Answer, Problem};
use axum::extract::State;
use garde::Validate;
use serde::Deserialize;
use squad_domain::ids::{ExecutionId, MemberName};
use squad_storage::{FeedbackError, NewFeedback};
use utoipa::ToSchema;
use uuid::Uuid;

/// Longest comment, in bytes.
const COMMENT: usize = 64_000;

/// What somebody thinks of an execution.
#[derive(Debug, Deserialize, Validate, ToSchema)]
pub(crate) struct GiveFeedback {
    /// From 1 (bad) to 5 (excellent).
    #[garde(range(min = 1, max = 5))]
    #[schema(minimum = 1, maximum = 5, example = 4)]
    rating: u8,
    /// Why; at most 64 kB.
    #[serde(default)]
    #[garde(custom(rules::at_most::<COMMENT>))]
    #[schema(example = "Right at the first try, with good tests.", max_length = 64_000)]
    comment: String,
    /// On which member of the execution's squad; left out: on the whole squad.
    #[garde(custom(rules::optional_name))]
    #[schema(example = "Bea", min_length = 1, max_length = 100)]
    member: Option<String>,
}

impl From<FeedbackError> for Problem {
    fn from(error: FeedbackError) -> Self {
        match error {
            FeedbackError::UnknownExecution => Self::not_found("execution"),
            FeedbackError::UnknownMember(_) => Self::field("member", error.to_string()),
            FeedbackError::InvalidRating(_) => Self::field("rating", error.to_string()),
            FeedbackError::Storage(error) => error.into(),
        }
    }
}

/// Says what one thinks of an execution
///
/// Of the whole squad, or of one member. What the same person said of the same before is replaced.
#[utoipa::path(
    put,
    path = "/executions/{id}/feedback",
    operation_id = "give_feedback",
    tag = "feedback",
    extensions(("x-permission" = json!("feedback:write"))),
    params(("id" = Uuid, Path, description = "Which execution")),
    request_body = GiveFeedback,
    responses((status = 200, description = "The feedback as it is now", body = Feedback)),
)]
pub(crate) async fn handler(
    State(app): State<App>,
    permitted: Permitted<may::GiveFeedback>,
    Path(id): Path<Uuid>,
    Json(body): Json<GiveFeedback>,
) -> Answer<axum::Json<Feedback>> {
    let given = NewFeedback {
        id: app.new_id(),
        execution: ExecutionId(id),
        member: body.member.map(MemberName),
        rating: body.rating,
        comment: body.comment,
        user: permitted.caller.user.id,
    };
    Ok(axum::Json(permitted.tenant.give_feedback(&permitted.author(), given).await?.into()))
}
