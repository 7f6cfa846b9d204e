//! The engine's own runs of the project's tests: the gate.

use crate::ids::CommitId;
use serde::{Deserialize, Serialize};

/// Where a test command came from, which says how far it is to be trusted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CommandSource {
    /// A person gave it.
    Person,
    /// Found in the repository's own files.
    Detected,
    /// Proposed in the plan, because nobody gave one and none was found. The report says so.
    Plan,
}

/// The command whose exit status opens the gate.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TestCommand {
    /// A shell command, run in the sandbox at the root of the worktree.
    pub command: String,
    /// Who says so.
    pub source: CommandSource,
}

/// When the engine ran the tests.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TestStage {
    /// On the base commit, before anything changed.
    Before,
    /// On the merged whole.
    After,
}

/// One finished run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TestRun {
    /// When.
    pub stage: TestStage,
    /// On which commit.
    pub commit: CommitId,
    /// What was run.
    pub command: String,
    /// Its exit status; `None` where it did not exit by itself (killed by a limit or a signal).
    pub exit_code: Option<i32>,
    /// How it ended in words, for example `exit status 1` or `stopped after 10 minutes`.
    pub ended: String,
    /// What it printed, head and tail.
    pub output: String,
    /// How long it took, in milliseconds.
    pub duration_ms: u64,
}

impl TestRun {
    /// The only thing that opens the gate.
    #[must_use]
    pub fn passed(&self) -> bool {
        self.exit_code == Some(0)
    }

    /// Whether both failed in the same way: durations, times and addresses in the output do not count.
    #[must_use]
    pub fn fails_as(&self, other: &Self) -> bool {
        let same = self.command == other.command && self.ended == other.ended;
        same && !self.passed() && !other.passed() && crate::sameness::same(&self.output, &other.output)
    }
}
