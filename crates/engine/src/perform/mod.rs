//! Performs the steps that reach outside of the log. Each gives back the events that its outcome is; nothing here
//! appends anything.

mod deliver;
mod knowledge;
pub(crate) mod lane;
mod merge;
mod model;
mod prepare;
mod tests;
mod tool;

pub(crate) use deliver::deliver;
pub(crate) use lane::open as open_lane;
pub(crate) use merge::merge;
pub(crate) use model::{Call, call};
pub(crate) use prepare::prepare;
pub(crate) use tests::run as run_tests;
pub(crate) use tool::{ToolRun, Work, run as run_tool};

use crate::clock::Clock;
use crate::feed::Feed;
use crate::store::Store;
use crate::workspaces::Workspaces;
use squad_agents::Prompts;
use squad_agents::mcp::{McpError, Servers};
use squad_domain::execution::NewEvent;
use squad_domain::ids::ExecutionId;
use std::sync::Arc;
use tokio_util::sync::CancellationToken;

/// What every step that touches files or runs commands may use.
#[derive(Clone)]
pub(crate) struct Surroundings {
    pub(crate) execution: ExecutionId,
    pub(crate) store: Arc<dyn Store>,
    pub(crate) workspaces: Arc<Workspaces>,
    pub(crate) mcp: Arc<Servers>,
    pub(crate) prompts: Arc<Prompts>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) feed: Feed,
    /// Ends whatever is under way: the execution was cancelled, or this worker stops.
    pub(crate) cancel: CancellationToken,
}

/// What the outcome of a step is.
pub(crate) type Outcome = Result<Vec<NewEvent>, Fault>;

/// A step failed for a reason outside of the squad: git, the sandbox, the disk. A person is asked; nothing is lost.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub(crate) struct Fault(pub(crate) String);

impl From<squad_workspace::Error> for Fault {
    fn from(error: squad_workspace::Error) -> Self {
        Self(error.to_string())
    }
}

impl From<squad_sandbox::SandboxError> for Fault {
    fn from(error: squad_sandbox::SandboxError) -> Self {
        Self(error.to_string())
    }
}

impl From<McpError> for Fault {
    fn from(error: McpError) -> Self {
        Self(error.to_string())
    }
}

impl From<squad_storage::StorageError> for Fault {
    fn from(error: squad_storage::StorageError) -> Self {
        Self(error.to_string())
    }
}

/// A commit in the words of the room below.
pub(crate) fn commit(id: &squad_domain::ids::CommitId) -> Result<squad_workspace::CommitId, Fault> {
    Ok(id.as_str().parse()?)
}

/// A tree in the words of the room below.
pub(crate) fn tree(id: &squad_domain::ids::TreeId) -> Result<squad_workspace::TreeId, Fault> {
    Ok(id.as_str().parse()?)
}
