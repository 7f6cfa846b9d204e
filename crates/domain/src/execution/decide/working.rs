//! The sub-tasks: worked on side by side, reviewed one by one, merged in the order of the plan.

use super::asking::ask_once;
use super::checking::whole_reviewer;
use super::lanes::{bounded, lane_open_for, open_lanes};
use super::{LanePlan, Step, transition};
use crate::duty::Duty;
use crate::execution::{ExecutionState, Status, SubtaskStage, SubtaskState, wording};
use crate::ids::{LaneId, SubtaskId};
use crate::question::Subject;
use crate::review::ReviewVerdict;
use std::collections::BTreeSet;

pub(super) fn in_progress(state: &ExecutionState) -> Vec<Step> {
    let unassigned: Vec<SubtaskId> = state
        .subtasks
        .iter()
        .filter(|subtask| subtask.assignee.is_none())
        .map(|subtask| subtask.spec.id.clone())
        .collect();
    if !unassigned.is_empty() {
        return vec![Step::Assign { subtasks: unassigned }];
    }
    let mut steps = open_lanes(state);
    let mut asks = Vec::new();
    // Finished work is merged one by one, in the order of the plan; a conflict is resolved before the next merge.
    let merging = state.subtasks.iter().any(|subtask| subtask.stage == SubtaskStage::Conflicted);
    let mut merged_one = merging;
    for subtask in &state.subtasks {
        match next_of(state, subtask) {
            Some(Step::Merge { subtask }) if !merged_one => {
                let resolved_waits = state
                    .subtasks
                    .iter()
                    .any(|other| other.stage == SubtaskStage::Resolved && other.spec.id != subtask);
                if !resolved_waits {
                    merged_one = true;
                    steps.push(Step::Merge { subtask });
                }
            }
            Some(Step::Merge { .. }) | None => {}
            Some(Step::Ask(question)) => asks.push(Step::Ask(question)),
            Some(step) => steps.push(step),
        }
    }
    if let Some(ask) = asks.into_iter().next() {
        return vec![ask];
    }
    if steps.is_empty() && state.subtasks.iter().all(|subtask| subtask.stage == SubtaskStage::Merged) {
        steps.push(if whole_reviewer(state).is_some() && !reviewed_already(state) {
            transition(Status::Reviewing, "everything is merged")
        } else {
            transition(Status::Testing, "everything is merged, and nothing is left to review")
        });
    }
    bounded(state, steps)
}

/// What a sub-task needs next, apart from the steps of its open lane.
pub(super) fn next_of(state: &ExecutionState, subtask: &SubtaskState) -> Option<Step> {
    let id = &subtask.spec.id;
    let assignee = subtask.assignee.as_ref()?;
    if lane_open_for(state, id) {
        return None;
    }
    let work = |round: u32| {
        Step::OpenLane(LanePlan {
            id: LaneId(format!("work/{id}/{round}")),
            member: assignee.clone(),
            duty: Duty::Work,
            subtask: Some(id.clone()),
            round,
            question: None,
        })
    };
    match subtask.stage {
        SubtaskStage::Waiting => {
            let ready = subtask
                .spec
                .depends_on
                .iter()
                .all(|need| state.subtask(need).is_some_and(|other| other.stage == SubtaskStage::Merged));
            ready.then(|| work(1))
        }
        // The lane is gone without handing over: the round is begun again.
        SubtaskStage::Working => Some(work(subtask.round + 1)),
        SubtaskStage::Submitted => match state.spec.squad.holder(Duty::Review, &[assignee.clone()].into()) {
            Some(reviewer) => Some(Step::OpenLane(LanePlan {
                id: LaneId(format!("review/{id}/{}", subtask.round)),
                member: reviewer.name.clone(),
                duty: Duty::Review,
                subtask: Some(id.clone()),
                round: subtask.round,
                question: None,
            })),
            // Nobody is there who did not write it; the gate stays.
            None => Some(Step::Merge { subtask: id.clone() }),
        },
        SubtaskStage::ChangesRequested => {
            let limit = state.spec.limits.review_rounds + subtask.granted;
            if subtask.round < limit {
                return Some(work(subtask.round + 1));
            }
            let subject = Subject::ReviewRounds { subtask: Some(id.clone()) };
            let text = wording::rounds(&subject, subtask.round);
            ask_once(state, subject, text, &["approve", "retry", "stop"]).into_iter().next()
        }
        SubtaskStage::Approved | SubtaskStage::Resolved => Some(Step::Merge { subtask: id.clone() }),
        SubtaskStage::Conflicted => {
            let resolver = state
                .spec
                .squad
                .member(assignee)
                .filter(|member| member.role.is_developer())
                .or_else(|| state.spec.squad.holder(Duty::Resolve, &BTreeSet::new()))?;
            Some(Step::OpenLane(LanePlan {
                id: LaneId(format!("resolve/{id}/{}", subtask.conflicts)),
                member: resolver.name.clone(),
                duty: Duty::Resolve,
                subtask: Some(id.clone()),
                round: subtask.conflicts,
                question: None,
            }))
        }
        SubtaskStage::Merged => None,
    }
}

/// Where one sub-task was all, and its reviewed files are the whole, a second review would read the same diff again.
pub(super) fn reviewed_already(state: &ExecutionState) -> bool {
    match state.subtasks.as_slice() {
        [only] => {
            let approved =
                only.reviews.last().is_some_and(|(_, review)| review.verdict == ReviewVerdict::Approve);
            approved && only.tree.is_some() && only.tree == state.head_tree
        }
        _ => false,
    }
}
