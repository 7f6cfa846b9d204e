//! Exit statuses: a contract.

use squad_domain::execution::Status;
use std::process::ExitCode;

/// How the command ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Exit {
    /// Completed; for commands that run nothing: done.
    Completed = 0,
    /// Failed.
    Failed = 1,
    /// Wrong usage or configuration.
    Usage = 2,
    /// Waits for a person, who has to answer or to take it up again.
    Waiting = 3,
    /// Cancelled.
    Cancelled = 4,
}

impl Exit {
    /// How a run ends whose execution stands so.
    pub(crate) const fn of(status: Status) -> Self {
        match status {
            Status::Completed => Self::Completed,
            Status::Failed => Self::Failed,
            Status::Cancelled => Self::Cancelled,
            _ => Self::Waiting,
        }
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit as u8)
    }
}
