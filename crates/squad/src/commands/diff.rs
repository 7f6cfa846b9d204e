//! The change of an execution as a diff: from its private clone while it has one, else from where it was delivered.

use crate::context::Context;
use crate::error::CliError;
use crate::output::clean;
use squad_domain::execution::ExecutionState;
use squad_domain::ids::{CommitId, ExecutionId};
use squad_workspace::{Repository, Source};

/// More than anybody reads in a terminal; the branch has all of it.
const MAX_BYTES: usize = 4 * 1024 * 1024;

/// The diff between the base and the tip as it is now.
///
/// # Errors
/// Where there is no change yet, or its commits are gone.
pub(super) async fn of(
    context: &Context,
    id: ExecutionId,
    state: &ExecutionState,
) -> Result<String, CliError> {
    let base = state.prepared.as_ref().map(|prepared| &prepared.base);
    let (Some(base), Some(head)) = (base, &state.head) else {
        return Err(CliError::Usage(format!("execution {} has changed nothing yet", id.short())));
    };
    let private = context.data_dir.join("executions").join(id.to_string());
    if let Ok(import) = Repository::open(&private) {
        return between(&import.repository, base, head).await;
    }
    // The private clone goes once the branch is delivered; the commits are in the repository then.
    let scratch = tempfile::tempdir().map_err(|source| CliError::File {
        action: "make a folder in",
        path: std::env::temp_dir(),
        source,
    })?;
    let source: Source = state.spec.repository.parse()?;
    let import = Repository::import(&source, &scratch.path().join("clone")).await?;
    between(&import.repository, base, head).await
}

async fn between(repository: &Repository, base: &CommitId, head: &CommitId) -> Result<String, CliError> {
    let base: squad_workspace::CommitId = base.as_str().parse()?;
    let head: squad_workspace::CommitId = head.as_str().parse()?;
    let diff = repository.diff(&base, &head, None, MAX_BYTES).await?;
    let mut text = clean::text(&diff.text);
    if diff.truncated {
        text.push_str("… the diff is longer; see the branch for all of it\n");
    }
    Ok(text)
}
