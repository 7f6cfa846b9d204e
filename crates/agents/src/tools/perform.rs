//! Performing a tool call, inside the member's limits.

use std::sync::Arc;
use std::time::Duration;

use squad_domain::duty::Duty;
use squad_domain::member::Member;
use squad_knowledge::{Knowledge, render};
use squad_sandbox::{OutputSink, Session};
use squad_workspace::Workspace;
use squad_workspace::files::PathPolicy;
use tokio_util::sync::CancellationToken;

use super::{Invocation, command, diff, files};
use crate::text::bound;

/// Most bytes of one tool result; about 8,000 tokens.
pub(super) const RESULT_BYTES: usize = 30_000;

/// What a tool call sees and may touch.
pub struct Surroundings<'a> {
    /// The lane's worktree.
    pub workspace: &'a Workspace,
    /// An open sandbox session on that worktree; needed by commands only.
    pub session: Option<Arc<dyn Session>>,
    /// Who calls.
    pub member: &'a Member,
    /// In which duty. In `test` only test files and their fixtures may be changed.
    pub duty: Duty,
    /// What `view_diff` compares the files with: a commit or a tree.
    pub base: &'a str,
    /// Where `search_knowledge` looks; `None`: nothing is known.
    pub knowledge: Option<&'a Knowledge>,
    /// How long a command may take; a member may ask for less.
    pub longest_command: Duration,
    /// Stops a running command.
    pub cancel: CancellationToken,
    /// Gets a command's output as it comes.
    pub output: Option<OutputSink>,
}

/// What came of a tool call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outcome {
    /// What the model is told, bounded.
    pub content: String,
    /// Whether it went wrong. A command that ran to its end went right, whatever its exit status.
    pub is_error: bool,
    /// Whether files of the worktree may be others than before.
    pub changed_files: bool,
    /// Whether it failed for a reason outside of the squad: the sandbox, git, the disk. No member can mend that; a
    /// person can.
    pub fault: bool,
}

impl Outcome {
    pub(crate) fn told(content: impl std::fmt::Display) -> Self {
        let content = bound(content.to_string().trim_end(), RESULT_BYTES).into_owned();
        Self { content, is_error: false, changed_files: false, fault: false }
    }

    pub(super) fn changed(content: impl std::fmt::Display) -> Self {
        Self { changed_files: true, ..Self::told(content) }
    }

    pub(crate) fn error(content: impl std::fmt::Display) -> Self {
        Self { is_error: true, ..Self::told(content) }
    }

    /// What a member's own path or pattern caused is told to it; everything else is beyond it.
    pub(super) fn failed(error: &squad_workspace::Error) -> Self {
        Self { fault: !matches!(error, squad_workspace::Error::File(_)), ..Self::error(error) }
    }
}

impl Surroundings<'_> {
    /// Whether only test files and their fixtures may be changed.
    pub(super) fn test_paths_only(&self) -> bool {
        self.duty == Duty::Test
    }

    /// What the member may change, for the file tools.
    pub(super) fn policy(&self) -> PathPolicy {
        PathPolicy { allow: self.member.allowed_paths.clone(), ..PathPolicy::default() }
    }
}

/// Performs a tool call. [`Invocation::Control`] is the engine's own to perform; here it is an error.
pub async fn perform(invocation: &Invocation, around: &Surroundings<'_>) -> Outcome {
    match invocation {
        Invocation::Run { command, timeout_seconds } => command::run(command, *timeout_seconds, around).await,
        Invocation::ViewDiff { path } => diff::view(path.as_deref(), around).await,
        Invocation::SearchKnowledge { query, top_k } => search(query, *top_k, around),
        Invocation::Mcp(call) => {
            Outcome::error(format!("`{}` of `{}` is not performed in a workspace", call.tool, call.server))
        }
        Invocation::Control(control) => {
            Outcome::error(format!("`{}` is not performed in a workspace", control.tool()))
        }
        file_tool => match files::perform(file_tool, around).await {
            Ok(outcome) => outcome,
            Err(error) => Outcome::failed(&error),
        },
    }
}

fn search(query: &str, top_k: usize, around: &Surroundings<'_>) -> Outcome {
    let found = around.knowledge.map(|knowledge| render(&knowledge.search(query, top_k))).unwrap_or_default();
    Outcome::told(if found.trim().is_empty() { "nothing is known about that" } else { &found })
}
