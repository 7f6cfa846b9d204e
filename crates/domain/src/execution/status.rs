//! The ten states, and `cancelled`.

use serde::{Deserialize, Serialize};
use std::fmt;

/// Where an execution stands. Pausing is a flag beside it, not a state.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// Asked for; nothing has happened yet.
    Pending,
    /// The task and the repository are being read.
    Analyzing,
    /// The plan is being made.
    Planning,
    /// The sub-tasks have their members.
    Delegated,
    /// The sub-tasks are being worked on, reviewed one by one and merged.
    InProgress,
    /// The merged whole is being reviewed.
    Reviewing,
    /// The merged whole is being tested.
    Testing,
    /// Waits for a person; remembers where to return.
    Blocked,
    /// Delivered, and the engine saw the tests pass.
    Completed,
    /// Ended without a result.
    Failed,
    /// Ended by a person.
    Cancelled,
}

impl Status {
    /// All of them.
    pub const ALL: &[Self] = &[
        Self::Pending,
        Self::Analyzing,
        Self::Planning,
        Self::Delegated,
        Self::InProgress,
        Self::Reviewing,
        Self::Testing,
        Self::Blocked,
        Self::Completed,
        Self::Failed,
        Self::Cancelled,
    ];

    /// `in_progress`: the name in the log and in JSON.
    #[must_use]
    pub const fn slug(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Analyzing => "analyzing",
            Self::Planning => "planning",
            Self::Delegated => "delegated",
            Self::InProgress => "in_progress",
            Self::Reviewing => "reviewing",
            Self::Testing => "testing",
            Self::Blocked => "blocked",
            Self::Completed => "completed",
            Self::Failed => "failed",
            Self::Cancelled => "cancelled",
        }
    }

    /// Whether nothing can happen any more.
    #[must_use]
    pub const fn is_terminal(self) -> bool {
        matches!(self, Self::Completed | Self::Failed | Self::Cancelled)
    }

    /// Whether `self → to` is allowed. `return_to` is where a blocked execution came from. Only a person cancels;
    /// that is checked where the actor is known.
    #[must_use]
    pub fn may_become(self, to: Self, return_to: Option<Self>) -> bool {
        use Status::{
            Analyzing, Blocked, Cancelled, Completed, Delegated, Failed, InProgress, Pending, Planning,
            Reviewing, Testing,
        };
        match (self, to) {
            (Completed | Failed | Cancelled, _) => false,
            (_, Cancelled | Failed)
            | (Pending, Analyzing)
            | (Analyzing, Planning)
            | (Planning, Delegated)
            | (Delegated, InProgress)
            | (InProgress, Reviewing | Testing | Completed)
            | (Reviewing, InProgress | Testing)
            | (Testing, InProgress | Reviewing | Completed)
            | (Analyzing | Planning | Delegated | InProgress | Reviewing | Testing, Blocked) => true,
            (Blocked, Analyzing | Planning | InProgress) => true,
            (Blocked, to) => return_to == Some(to),
            _ => false,
        }
    }
}

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.slug())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The table of the design, row by row, so that a change of the code is a change of the contract.
    #[test]
    fn exactly_the_allowed_transitions_are_allowed() {
        let allowed = [
            ("pending", "analyzing failed cancelled"),
            ("analyzing", "planning blocked failed cancelled"),
            ("planning", "delegated blocked failed cancelled"),
            ("delegated", "in_progress blocked failed cancelled"),
            ("in_progress", "reviewing testing blocked completed failed cancelled"),
            ("reviewing", "in_progress testing blocked failed cancelled"),
            ("testing", "in_progress reviewing completed blocked failed cancelled"),
            ("blocked", "analyzing planning in_progress failed cancelled"),
            ("completed", ""),
            ("failed", ""),
            ("cancelled", ""),
        ];
        for (from, row) in allowed {
            let from = Status::ALL.iter().find(|status| status.slug() == from).unwrap();
            for to in Status::ALL {
                let expected = row.split_whitespace().any(|name| name == to.slug());
                assert_eq!(from.may_become(*to, None), expected, "{from} -> {to}");
            }
        }
        assert!(Status::Blocked.may_become(Status::Testing, Some(Status::Testing)));
        assert!(!Status::Blocked.may_become(Status::Testing, Some(Status::Reviewing)));
        assert!(!Status::Blocked.may_become(Status::Completed, Some(Status::Testing)));
    }
}
