//! The merged whole: reviewed, tested, mended where that finds something, and delivered.

use super::asking::ask_once;
use super::lanes::{any_lane_open, open_lanes};
use super::{FixCause, LanePlan, Step, transition};
use crate::duty::Duty;
use crate::execution::{ExecutionState, Status, wording};
use crate::ids::{LaneId, MemberName};
use crate::question::Subject;
use crate::review::{ReviewVerdict, TestVerdict};
use crate::tests_run::TestStage;
use std::collections::BTreeSet;

/// Who reviews the whole: the natural reviewer, unless all of it is their own work.
pub(super) fn whole_reviewer(state: &ExecutionState) -> Option<MemberName> {
    let authors: BTreeSet<MemberName> =
        state.subtasks.iter().filter_map(|subtask| subtask.assignee.clone()).collect();
    state.spec.squad.holder(Duty::Review, &authors).map(|member| member.name.clone())
}

pub(super) fn reviewing(state: &ExecutionState) -> Vec<Step> {
    let open = open_lanes(state);
    if !open.is_empty() || any_lane_open(state) {
        return open;
    }
    let verdict = state.whole.review.as_ref().map(|review| review.verdict);
    match (verdict, whole_reviewer(state)) {
        _ if state.whole.accepted => vec![transition(Status::Testing, "a person takes the whole as it is")],
        (Some(ReviewVerdict::Approve), _) => vec![transition(Status::Testing, "the whole is approved")],
        (_, None) => vec![transition(Status::Testing, "nobody is left to review the whole")],
        (Some(ReviewVerdict::RequestChanges), _) => fix(state, FixCause::Review),
        (None, Some(reviewer)) => {
            let round = state.whole_lanes + 1;
            vec![Step::OpenLane(LanePlan {
                id: LaneId(format!("review/whole/{round}")),
                member: reviewer,
                duty: Duty::Review,
                subtask: None,
                round: state.fixes + 1,
                question: None,
            })]
        }
    }
}

pub(super) fn testing(state: &ExecutionState) -> Vec<Step> {
    let open = open_lanes(state);
    if !open.is_empty() || any_lane_open(state) {
        return open;
    }
    let Some(head) = &state.head else { return Vec::new() };
    let Some(run) = &state.whole.tests else {
        return vec![Step::RunTests { stage: TestStage::After, commit: head.clone() }];
    };
    if !run.passed() {
        return if state.is_stalled() {
            // More of the same would only cost more.
            ask_once(state, Subject::TestRounds, wording::stalled(state, run), &["retry", "stop"])
        } else {
            fix(state, FixCause::Tests)
        };
    }
    let tester = state.spec.squad.holder(Duty::Test, &BTreeSet::new());
    match (&state.whole.report, tester) {
        (None, Some(tester)) => {
            let round = state.whole_lanes + 1;
            vec![Step::OpenLane(LanePlan {
                id: LaneId(format!("test/{round}")),
                member: tester.name.clone(),
                duty: Duty::Test,
                subtask: None,
                round: state.fixes + 1,
                question: None,
            })]
        }
        (Some(report), _) if report.verdict == TestVerdict::Fail => fix(state, FixCause::Report),
        _ if state.delivery.is_none() => vec![Step::Deliver],
        _ => vec![transition(Status::Completed, "the tests pass, and the branch is delivered")],
    }
}

/// Back to work with what a check found, or to a person where that was tried often enough.
pub(super) fn fix(state: &ExecutionState, cause: FixCause) -> Vec<Step> {
    let limit = state.spec.limits.fix_rounds + state.fixes_granted;
    if state.fixes < limit {
        // Recorded together by the driver: the state never shows a fix without its sub-task.
        return vec![Step::AddFix { cause }];
    }
    let (subject, options): (_, &[&str]) = match cause {
        FixCause::Review => (Subject::ReviewRounds { subtask: None }, &["approve", "retry", "stop"]),
        FixCause::Tests | FixCause::Report => (Subject::TestRounds, &["retry", "stop"]),
    };
    let text = wording::rounds(&subject, state.fixes);
    ask_once(state, subject, text, options)
}
