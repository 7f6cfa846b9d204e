//! The one trait behind which every tier stands.

use std::path::Path;
use std::sync::Arc;

use async_trait::async_trait;

use crate::{Command, ExecOptions, ExecResult, ProbeReport, SandboxError, Tier, WorkspaceSpec};

/// A way to run commands apart from the host.
#[async_trait]
pub trait Sandbox: Send + Sync {
    /// The tier, as it is shown to people and recorded on executions.
    fn tier(&self) -> Tier;

    /// Opens a session on a workspace: hands its files to the sandbox's user, and starts what must be running (a container,
    /// the egress proxy).
    ///
    /// # Errors
    ///
    /// When a path cannot be used, a host is malformed, or the tier's service refuses.
    async fn prepare(&self, spec: WorkspaceSpec) -> Result<Arc<dyn Session>, SandboxError>;

    /// Tries every guarantee for real, by attempts to break it.
    ///
    /// # Errors
    ///
    /// Only when the attempts could not be made at all.
    async fn probe(&self) -> Result<ProbeReport, SandboxError>;
}

/// An open session on one workspace. Commands may run side by side in it.
#[async_trait]
pub trait Session: Send + Sync {
    /// Where the workspace is for commands.
    fn workspace_inside(&self) -> &Path;

    /// Runs a command to its end, or kills it: on time-out, at a limit, on cancel, and when the future is dropped.
    ///
    /// # Errors
    ///
    /// When nothing of the command ran. What happens to a command that ran is in its [`ExecResult`].
    async fn exec(&self, command: Command, options: ExecOptions) -> Result<ExecResult, SandboxError>;

    /// Kills whatever runs in the session now; each of those commands ends as cancelled.
    async fn kill(&self);

    /// Kills everything and frees what the session holds, but not the workspace.
    async fn destroy(&self);
}
