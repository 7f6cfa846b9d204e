//! Duties: what a member does in one lane.

use crate::model::Purpose;
use crate::role::Role;
use crate::tool::ToolName;
use serde::{Deserialize, Serialize};
use std::fmt;

/// What one lane is for. Its instructions are in `crates/agents/duties/<slug>.md`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Duty {
    /// Read the task and the repository, say what is wanted.
    Analyze,
    /// Draft the plan.
    Plan,
    /// Settle the draft: submit it unchanged or amended.
    Agree,
    /// Do a sub-task in a worktree.
    Work,
    /// Review a sub-task's diff, or the merged whole.
    Review,
    /// Resolve a merge conflict.
    Resolve,
    /// Test the merged whole.
    Test,
    /// Answer a teammate's question.
    Answer,
}

impl Duty {
    /// All of them, in the order in which a task meets them.
    pub const ALL: &[Self] = &[
        Self::Analyze,
        Self::Plan,
        Self::Agree,
        Self::Work,
        Self::Review,
        Self::Resolve,
        Self::Test,
        Self::Answer,
    ];

    /// The name in files, prompts and on the wire.
    #[must_use]
    pub const fn slug(self) -> &'static str {
        match self {
            Self::Analyze => "analyze",
            Self::Plan => "plan",
            Self::Agree => "agree",
            Self::Work => "work",
            Self::Review => "review",
            Self::Resolve => "resolve",
            Self::Test => "test",
            Self::Answer => "answer",
        }
    }

    /// The tool whose successful call ends the lane. An answer ends with plain text instead.
    #[must_use]
    pub const fn ends_with(self) -> Option<ToolName> {
        match self {
            Self::Analyze => Some(ToolName::SubmitAnalysis),
            Self::Plan | Self::Agree => Some(ToolName::SubmitPlan),
            Self::Work | Self::Resolve => Some(ToolName::SubmitWork),
            Self::Review => Some(ToolName::SubmitReview),
            Self::Test => Some(ToolName::SubmitTestReport),
            Self::Answer => None,
        }
    }

    /// What its model calls are for.
    #[must_use]
    pub const fn purpose(self) -> Purpose {
        match self {
            Self::Analyze | Self::Plan | Self::Agree => Purpose::Plan,
            Self::Work | Self::Resolve | Self::Answer => Purpose::Code,
            Self::Review => Purpose::Review,
            Self::Test => Purpose::Test,
        }
    }

    /// Whether the lane changes files: it then has a worktree of its own, and its tree is checkpointed.
    #[must_use]
    pub const fn changes_files(self) -> bool {
        matches!(self, Self::Work | Self::Resolve | Self::Test)
    }

    /// The role that the duty is made for. Who takes it where that role is missing is the squad's to say.
    #[must_use]
    pub const fn natural_role(self) -> Role {
        match self {
            Self::Analyze | Self::Plan => Role::ProjectManager,
            Self::Agree | Self::Review | Self::Answer => Role::TechLead,
            Self::Work | Self::Resolve => Role::BackendDeveloper,
            Self::Test => Role::QaTester,
        }
    }

    /// The tools that a lane of this duty offers, before the member's own limits cut them down.
    #[must_use]
    pub fn tools(self) -> Vec<ToolName> {
        use ToolName::{
            AskHuman, AskTeammate, DeleteFile, EditFile, ListFiles, ReadFile, Remember, ReportBlocked,
            RunCommand, SearchCode, SearchKnowledge, SendMessage, ViewDiff, WriteFile,
        };
        let mut tools =
            vec![ListFiles, ReadFile, SearchCode, ViewDiff, SearchKnowledge, Remember, SendMessage];
        if self.changes_files() {
            tools.extend([EditFile, WriteFile, DeleteFile, RunCommand]);
        }
        // An answer that asks back would be a conversation without an end; it may still ask a person.
        if self != Self::Answer {
            tools.push(AskTeammate);
        }
        tools.extend([AskHuman, ReportBlocked]);
        tools.extend(self.ends_with());
        tools
    }
}

impl fmt::Display for Duty {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.slug())
    }
}
