//! What can be done next, and the keys under which it is known.

use crate::duty::Duty;
use crate::execution::Status;
use crate::execution::guard::GuardAction;
use crate::ids::{CommitId, LaneId, MemberName, QuestionId, StepKey, SubtaskId};
use crate::model::Purpose;
use crate::question::Question;
use crate::tests_run::TestStage;

/// Something to do. Steps with a key reach outside of the log and may be under way; the others are performed at once.
#[derive(Debug, Clone, PartialEq)]
pub enum Step {
    /// Change the state.
    Transition {
        /// To what.
        to: Status,
        /// Why.
        reason: String,
    },
    /// Import the repository, look at it, prove the sandbox.
    Prepare,
    /// Run the project's tests.
    RunTests {
        /// When.
        stage: TestStage,
        /// On which commit.
        commit: CommitId,
    },
    /// Write a brief and open a lane.
    OpenLane(LanePlan),
    /// Ask a model for the lane's next turn, or to condense the lane.
    CallModel {
        /// The step.
        key: StepKey,
        /// The lane.
        lane: LaneId,
        /// `Summarize`: condense.
        purpose: Purpose,
        /// For condensing: up to which message.
        condense_upto: Option<usize>,
    },
    /// Perform the lane's next tool call.
    RunTool {
        /// The step.
        key: StepKey,
        /// The lane.
        lane: LaneId,
        /// Whether it was started before, by a worker that is gone.
        started: bool,
    },
    /// Do something about a lane that runs in circles.
    Guard {
        /// The lane.
        lane: LaneId,
        /// What.
        action: GuardAction,
    },
    /// Ask a person.
    Ask(Question),
    /// Give sub-tasks to members.
    Assign {
        /// Which.
        subtasks: Vec<SubtaskId>,
    },
    /// Merge a sub-task's work into the execution's branch.
    Merge {
        /// Which.
        subtask: SubtaskId,
    },
    /// Add a sub-task that mends what a check of the whole found.
    AddFix {
        /// What found it.
        cause: FixCause,
    },
    /// Put the branch where it belongs.
    Deliver,
}

/// What found that the merged whole is not good yet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FixCause {
    /// The review of the whole.
    Review,
    /// The engine's run of the tests.
    Tests,
    /// The tester.
    Report,
}

/// A lane that is about to be opened.
#[derive(Debug, Clone, PartialEq)]
pub struct LanePlan {
    /// Its id.
    pub id: LaneId,
    /// Whose.
    pub member: MemberName,
    /// What for.
    pub duty: Duty,
    /// For which sub-task.
    pub subtask: Option<SubtaskId>,
    /// Counts from 1.
    pub round: u32,
    /// The question that it answers.
    pub question: Option<QuestionId>,
}

impl Step {
    /// The key under which a step that reaches outside of the log is known.
    #[must_use]
    pub fn key(&self) -> Option<StepKey> {
        let key = match self {
            Self::CallModel { key, .. } | Self::RunTool { key, .. } => return Some(key.clone()),
            Self::Prepare => "prepare".to_owned(),
            Self::RunTests { stage: TestStage::Before, .. } => "tests/before".to_owned(),
            Self::RunTests { stage: TestStage::After, commit } => format!("tests/after/{commit}"),
            Self::OpenLane(plan) => format!("open/{}", plan.id),
            Self::Assign { subtasks } => format!("assign/{}", subtasks.first().map_or("", SubtaskId::as_str)),
            // One key for all: a merge moves the tip that the next one starts from, whoever is approved meanwhile.
            Self::Merge { .. } => "merge".to_owned(),
            Self::AddFix { .. } | Self::Transition { .. } | Self::Guard { .. } | Self::Ask(_) => return None,
            Self::Deliver => "deliver".to_owned(),
        };
        Some(StepKey(key))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Two merges at once would both start from the same tip, and the second would drop the first one's work.
    #[test]
    fn a_merge_that_is_under_way_is_known_whatever_is_decided_to_be_merged_next() {
        let merge = |id: &str| Step::Merge { subtask: id.into() }.key();
        assert!(merge("s1").is_some());
        assert_eq!(merge("s1"), merge("s2"));
    }
}
