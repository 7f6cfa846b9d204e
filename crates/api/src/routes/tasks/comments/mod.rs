//! What people say about a task.

mod create;
mod delete;
mod list;
mod update;

use crate::app::App;
use crate::dto::rules;
use crate::dto::task::DESCRIPTION;
use crate::extract::{Permitted, may};
use crate::problem::{Answer, Code, Problem};
use garde::Validate;
use serde::Deserialize;
use squad_domain::permission::OrgRole;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use uuid::Uuid;

pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(list::handler, create::handler))
        .routes(routes!(update::handler, delete::handler))
}

/// The words of a comment.
#[derive(Debug, Deserialize, Validate, ToSchema)]
pub(crate) struct CommentBody {
    /// In Markdown; at most 64 kB.
    #[garde(custom(words))]
    #[schema(example = "The badge is gone on small screens.", min_length = 1, max_length = 64_000)]
    body: String,
}

fn words(text: &str, context: &()) -> garde::Result {
    if text.trim().is_empty() {
        return Err(garde::Error::new("say something"));
    }
    rules::at_most::<DESCRIPTION>(text, context)
}

/// Makes sure that the comment is on that task, and that it is the caller's own, or that they run the organization.
async fn own(permitted: &Permitted<may::WriteTasks>, task: Uuid, comment: Uuid) -> Answer<()> {
    let found = permitted.tenant.task_comment(comment).await?;
    let found = found.filter(|found| found.task == task).ok_or_else(|| Problem::not_found("comment"))?;
    if found.author == permitted.author().actor || permitted.role >= OrgRole::Admin {
        return Ok(());
    }
    Err(Problem::new(Code::Forbidden, "this comment is somebody else's: ask them, or an admin"))
}
