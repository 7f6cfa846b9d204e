//! What a session and a command are made of.

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use tokio_util::sync::CancellationToken;

use crate::{EgressLog, Limits};

/// A host path that is seen inside, never written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReadOnlyMount {
    /// Absolute path on the host.
    pub host: PathBuf,
    /// Absolute path inside.
    pub inside: PathBuf,
}

/// One workspace and what its commands may reach.
#[derive(Debug, Clone)]
pub struct WorkspaceSpec {
    /// A name for logs and errors.
    pub id: String,
    /// The worktree on the host. Writable inside at [`crate::WORKSPACE_INSIDE`], except its `.git`.
    pub root: PathBuf,
    /// What else is seen, read-only: git metadata above all, at the path that the worktree's `.git` file names.
    pub read_only: Vec<ReadOnlyMount>,
    /// The project's private folder on the host: the home folder inside, with the caches of tools. Without one, the home
    /// folder is in memory and gone after each command.
    pub cache_dir: Option<PathBuf>,
    /// Hosts that may be reached over HTTP and HTTPS: `registry.example` or `*.example.com`. Empty: no network.
    pub hosts: Vec<String>,
    /// Is told of every request that this session's commands make, beside the sandbox's own log.
    pub egress_log: EgressLog,
    /// What each command may use.
    pub limits: Limits,
}

impl WorkspaceSpec {
    /// A workspace without cache, network and further mounts.
    pub fn new(id: impl Into<String>, root: impl Into<PathBuf>) -> Self {
        Self {
            id: id.into(),
            root: root.into(),
            read_only: Vec::new(),
            cache_dir: None,
            hosts: Vec::new(),
            egress_log: EgressLog::default(),
            limits: Limits::default(),
        }
    }
}

/// A command to run in a session. Standard input is empty.
#[derive(Debug, Clone, Default)]
pub struct Command {
    /// A line for the shell: `bash` where the host has it, else `/bin/sh`.
    pub command: String,
    /// Where to run, relative to the workspace or absolute inside. Default: the workspace.
    pub cwd: Option<PathBuf>,
    /// Variables beside (or instead of) those that every command gets.
    pub env: Vec<(String, String)>,
    /// Wall-clock time, if it should be less than the session's.
    pub timeout: Option<Duration>,
}

impl Command {
    /// A shell line in the workspace.
    pub fn new(command: impl Into<String>) -> Self {
        Self { command: command.into(), ..Self::default() }
    }
}

/// Gets the output as it comes, standard output and standard error interleaved. It must not block.
pub type OutputSink = Arc<dyn Fn(&[u8]) + Send + Sync>;

/// How a command is followed and stopped.
#[derive(Clone, Default)]
pub struct ExecOptions {
    /// Gets every piece of output at once.
    pub output: Option<OutputSink>,
    /// Kills the whole process tree when cancelled. Dropping the future of `exec` does the same.
    pub cancel: CancellationToken,
}

impl fmt::Debug for ExecOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ExecOptions").field("output", &self.output.is_some()).finish_non_exhaustive()
    }
}
