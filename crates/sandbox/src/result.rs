//! How a command ended.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::Output;

/// How a command ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ExitStatus {
    /// It ended by itself with this status.
    Exited(i32),
    /// It was ended by this signal, sent from inside.
    Signaled(i32),
    /// It was killed because its time was over.
    TimedOut,
    /// It was killed because it used too much memory.
    OutOfMemory,
    /// It was killed because it started too many processes (without control groups in tier `none` only; elsewhere a
    /// process too many just cannot start).
    TooManyProcesses,
    /// It was killed because the workspace or the cache grew too large.
    WorkspaceFull,
    /// It was killed because the caller wanted so.
    Cancelled,
}

impl ExitStatus {
    /// Whether the command ended by itself with status 0.
    pub fn success(self) -> bool {
        self == Self::Exited(0)
    }

    /// The status as a shell would tell it: 128 + signal for signals, 124 for time-outs, 137 for other kills.
    pub fn code(self) -> i32 {
        match self {
            Self::Exited(code) => code,
            Self::Signaled(signal) => 128 + signal,
            Self::TimedOut => 124,
            Self::OutOfMemory | Self::TooManyProcesses | Self::WorkspaceFull | Self::Cancelled => 137,
        }
    }
}

/// What a command left.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExecResult {
    /// How it ended.
    pub status: ExitStatus,
    /// What it printed, bounded.
    pub output: Output,
    /// How long it took, starting and cleaning up included.
    pub duration: Duration,
}
