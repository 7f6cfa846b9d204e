//! What an execution has changed, as a diff: from its private clone while it has one, else from where it was delivered.

use crate::{Engine, EngineError};
use squad_domain::execution::ExecutionState;
use squad_domain::ids::{CommitId, ExecutionId};
use squad_workspace::{Repository, Source};

/// A diff that is longer is cut, in bytes.
const MAX_BYTES: usize = 4 * 1024 * 1024;

/// The change of an execution.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Changes {
    /// What it started from.
    pub base: CommitId,
    /// Its tip now.
    pub head: CommitId,
    /// The unified diff between them.
    pub diff: String,
    /// Whether the diff is longer than what is here.
    pub truncated: bool,
}

impl Engine {
    /// What an execution has changed so far; `None` where it has changed nothing.
    ///
    /// # Errors
    /// Where there is no such execution, or its commits cannot be read any more.
    pub async fn changes(&self, id: ExecutionId) -> Result<Option<Changes>, EngineError> {
        let (state, _) = self.load(id).await?;
        let base = state.prepared.as_ref().map(|prepared| prepared.base.clone());
        let (Some(base), Some(head)) = (base, state.head.clone()) else { return Ok(None) };
        let failed = |error: squad_workspace::Error| EngineError::Repository(error.to_string());
        if let Ok(import) = Repository::open(&self.folder(id))
            && let Ok(changes) = between(&import.repository, &base, &head).await
        {
            return Ok(Some(changes));
        }
        // The private clone goes once the branch is delivered, perhaps just now; the commits are in the repository then.
        let scratch = tempfile::tempdir()
            .map_err(|source| EngineError::Io { action: "make a temporary folder".to_owned(), source })?;
        let source = source(&state).map_err(failed)?;
        let import = Repository::import(&source, &scratch.path().join("clone")).await.map_err(failed)?;
        between(&import.repository, &base, &head).await.map(Some).map_err(failed)
    }
}

fn source(state: &ExecutionState) -> Result<Source, squad_workspace::Error> {
    state.spec.repository.parse()
}

async fn between(
    repository: &Repository,
    base: &CommitId,
    head: &CommitId,
) -> Result<Changes, squad_workspace::Error> {
    let from: squad_workspace::CommitId = base.as_str().parse()?;
    let to: squad_workspace::CommitId = head.as_str().parse()?;
    let diff = repository.diff(&from, &to, None, MAX_BYTES).await?;
    Ok(Changes { base: base.clone(), head: head.clone(), diff: diff.text, truncated: diff.truncated })
}
