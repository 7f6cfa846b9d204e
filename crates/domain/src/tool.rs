//! The names of the built-in tools, and what kind of effect each has. Their schemas are in `crates/agents`.

use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;

/// What performing a tool does to the world, which decides what may happen after a crash.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Effect {
    /// Reads only: may be performed again at will.
    Reads,
    /// Changes files of the lane's worktree: performed again on the restored checkpoint.
    Files,
    /// Runs a command: performed again on the restored checkpoint, and the member is told.
    Command,
    /// Asks a server of somebody else: performed again only where the server says that this changes nothing more.
    Outside,
    /// Only writes events: its outcome is the log itself.
    Log,
}

macro_rules! tools {
    ($($variant:ident $slug:literal $effect:ident),+ $(,)?) => {
        /// A built-in tool. The names are a contract.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(rename_all = "snake_case")]
        #[expect(missing_docs, reason = "the description of each tool is its schema's, where models read it too")]
        pub enum ToolName { $($variant,)+ }

        impl ToolName {
            /// All of them.
            pub const ALL: &[Self] = &[$(Self::$variant,)+];

            /// The name that models call.
            #[must_use]
            pub const fn slug(self) -> &'static str {
                match self { $(Self::$variant => $slug,)+ }
            }

            /// What performing it does.
            #[must_use]
            pub const fn effect(self) -> Effect {
                match self { $(Self::$variant => Effect::$effect,)+ }
            }
        }
    };
}

tools! {
    ListFiles "list_files" Reads,
    ReadFile "read_file" Reads,
    SearchCode "search_code" Reads,
    EditFile "edit_file" Files,
    WriteFile "write_file" Files,
    DeleteFile "delete_file" Files,
    RunCommand "run_command" Command,
    ViewDiff "view_diff" Reads,
    SearchKnowledge "search_knowledge" Reads,
    Remember "remember" Log,
    SendMessage "send_message" Log,
    AskTeammate "ask_teammate" Log,
    AskHuman "ask_human" Log,
    ReportBlocked "report_blocked" Log,
    SubmitAnalysis "submit_analysis" Log,
    SubmitPlan "submit_plan" Log,
    SubmitWork "submit_work" Files,
    SubmitReview "submit_review" Log,
    SubmitTestReport "submit_test_report" Files,
}

impl fmt::Display for ToolName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.slug())
    }
}

impl FromStr for ToolName {
    type Err = ();
    fn from_str(text: &str) -> Result<Self, ()> {
        Self::ALL.iter().find(|tool| tool.slug() == text).copied().ok_or(())
    }
}
