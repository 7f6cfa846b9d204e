use squad_domain::ids::MemberName;
use squad_domain::message::Recipient;
use squad_domain::plan::{Analysis, Plan};
use squad_domain::review::{Review, TestReport};
use squad_domain::tool::{Effect, ToolName};

use crate::mcp::McpCall;

/// A tool call that was understood.
#[derive(Debug, Clone, PartialEq)]
pub enum Invocation {
    /// `list_files`.
    List {
        /// The folder.
        path: String,
        /// Levels, at least 1.
        depth: usize,
    },
    /// `read_file`.
    Read {
        /// The file.
        path: String,
        /// First line, from 1.
        start_line: Option<usize>,
        /// Last line, included.
        end_line: Option<usize>,
    },
    /// `search_code`.
    Search {
        /// A regular expression.
        pattern: String,
        /// Only in files that match.
        glob: Option<String>,
        /// Most lines to return.
        max_results: Option<usize>,
    },
    /// `edit_file`.
    Edit {
        /// The file.
        path: String,
        /// What stands there.
        old_text: String,
        /// What shall stand there.
        new_text: String,
        /// Every occurrence.
        replace_all: bool,
    },
    /// `write_file`.
    Write {
        /// The file.
        path: String,
        /// All of it.
        content: String,
    },
    /// `delete_file`.
    Delete {
        /// The file.
        path: String,
    },
    /// `run_command`.
    Run {
        /// A line for the shell.
        command: String,
        /// Seconds, where the member asks for a limit of its own.
        timeout_seconds: Option<u64>,
    },
    /// `view_diff`.
    ViewDiff {
        /// Only this file or folder.
        path: Option<String>,
    },
    /// `search_knowledge`.
    SearchKnowledge {
        /// In words.
        query: String,
        /// Most results.
        top_k: usize,
    },
    /// A tool of an MCP server.
    Mcp(McpCall),
    /// What the engine does itself: its outcome is events.
    Control(Control),
}

/// A tool call whose outcome is events. Names are resolved and contents are checked.
#[derive(Debug, Clone, PartialEq)]
pub enum Control {
    /// `remember`.
    Remember {
        /// The fact.
        text: String,
        /// Words to find it by.
        tags: Vec<String>,
    },
    /// `send_message`.
    SendMessage {
        /// To whom.
        to: Recipient,
        /// The words.
        content: String,
    },
    /// `ask_teammate`.
    AskTeammate {
        /// Whom: a teammate, never the asker.
        to: MemberName,
        /// The words.
        question: String,
    },
    /// `ask_human`.
    AskHuman {
        /// The words.
        question: String,
        /// Proposed answers.
        options: Vec<String>,
    },
    /// `report_blocked`.
    ReportBlocked {
        /// Why.
        reason: String,
    },
    /// `submit_analysis`.
    SubmitAnalysis(Analysis),
    /// `submit_plan`; [`Plan::check`] holds.
    SubmitPlan(Plan),
    /// `submit_work`.
    SubmitWork {
        /// What was done.
        summary: String,
    },
    /// `submit_review`.
    SubmitReview(Review),
    /// `submit_test_report`.
    SubmitTestReport(TestReport),
}

impl Invocation {
    /// What performing it does to the world.
    #[must_use]
    pub const fn effect(&self) -> Effect {
        let tool = match self {
            Self::Mcp(_) => return Effect::Outside,
            Self::List { .. } => ToolName::ListFiles,
            Self::Read { .. } => ToolName::ReadFile,
            Self::Search { .. } => ToolName::SearchCode,
            Self::Edit { .. } => ToolName::EditFile,
            Self::Write { .. } => ToolName::WriteFile,
            Self::Delete { .. } => ToolName::DeleteFile,
            Self::Run { .. } => ToolName::RunCommand,
            Self::ViewDiff { .. } => ToolName::ViewDiff,
            Self::SearchKnowledge { .. } => ToolName::SearchKnowledge,
            Self::Control(control) => control.tool(),
        };
        tool.effect()
    }

    /// Whether files of the worktree may be others after it.
    #[must_use]
    pub const fn may_change_files(&self) -> bool {
        match self {
            Self::Control(_) => false,
            other => matches!(other.effect(), Effect::Files | Effect::Command),
        }
    }
}

impl Control {
    /// The tool that was called.
    #[must_use]
    pub const fn tool(&self) -> ToolName {
        match self {
            Self::Remember { .. } => ToolName::Remember,
            Self::SendMessage { .. } => ToolName::SendMessage,
            Self::AskTeammate { .. } => ToolName::AskTeammate,
            Self::AskHuman { .. } => ToolName::AskHuman,
            Self::ReportBlocked { .. } => ToolName::ReportBlocked,
            Self::SubmitAnalysis(_) => ToolName::SubmitAnalysis,
            Self::SubmitPlan(_) => ToolName::SubmitPlan,
            Self::SubmitWork { .. } => ToolName::SubmitWork,
            Self::SubmitReview(_) => ToolName::SubmitReview,
            Self::SubmitTestReport(_) => ToolName::SubmitTestReport,
        }
    }
}
