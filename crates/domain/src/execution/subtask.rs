//! A sub-task on its way from the plan into the branch.

use crate::ids::{CommitId, MemberName, TreeId};
use crate::plan::Subtask;
use crate::review::Review;

/// How far a sub-task is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum SubtaskStage {
    /// Not begun: waits for a member, or for what it depends on.
    Waiting,
    /// Being worked on.
    Working,
    /// Handed over; waits for its review or is in it.
    Submitted,
    /// The reviewer wants something changed.
    ChangesRequested,
    /// May be merged.
    Approved,
    /// Does not merge by itself; being resolved.
    Conflicted,
    /// The conflict is resolved; may be merged.
    Resolved,
    /// In the execution's branch.
    Merged,
}

/// A sub-task on its way.
#[derive(Debug, Clone, PartialEq)]
pub struct SubtaskState {
    /// What the plan says.
    pub spec: Subtask,
    /// Who does it.
    pub assignee: Option<MemberName>,
    /// How far it is.
    pub stage: SubtaskStage,
    /// Rounds of work begun.
    pub round: u32,
    /// Rounds granted by a person beyond the limit.
    pub granted: u32,
    /// Conflicts met so far.
    pub conflicts: u32,
    /// What its work starts from.
    pub base: Option<CommitId>,
    /// The work as handed over last.
    pub commit: Option<CommitId>,
    /// Its files.
    pub tree: Option<TreeId>,
    /// What was done, in the member's words.
    pub summary: String,
    /// Reviews so far: who, and what.
    pub reviews: Vec<(MemberName, Review)>,
    /// Files in conflict, and both sides with markers.
    pub conflict: Option<(Vec<String>, TreeId)>,
}

impl SubtaskState {
    pub(super) fn new(spec: Subtask) -> Self {
        Self {
            spec,
            assignee: None,
            stage: SubtaskStage::Waiting,
            round: 0,
            granted: 0,
            conflicts: 0,
            base: None,
            commit: None,
            tree: None,
            summary: String::new(),
            reviews: Vec::new(),
            conflict: None,
        }
    }
}
