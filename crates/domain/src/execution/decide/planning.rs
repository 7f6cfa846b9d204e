//! From the ticket to a plan that every sub-task has its member for.

use super::asking::ask_once;
use super::lanes::{any_lane_open, lane_or_open, open_lanes, plan_lane};
use super::{Step, transition};
use crate::duty::Duty;
use crate::execution::{ExecutionState, Status, wording};
use crate::ids::MemberName;
use crate::message::Actor;
use crate::question::{Asked, Question, Subject};
use crate::squad::ApprovalPolicy;
use crate::tests_run::TestStage;
use std::collections::BTreeSet;

pub(super) fn analyzing(state: &ExecutionState) -> Vec<Step> {
    let mut steps: Vec<Step> = baseline(state).into_iter().collect();
    match &state.analysis {
        None => {
            steps
                .extend(lane_or_open(state, plan_lane(state, "analyze", Duty::Analyze, 1, &BTreeSet::new())));
        }
        Some(analysis) => {
            let asked = state.questions.values().any(|asked| asked.question.subject == Subject::Analysis);
            if !analysis.questions.is_empty() && !asked {
                return vec![Step::Ask(analysis_question(state, &analysis.questions))];
            }
            steps.extend(open_lanes(state));
            let open = state.open_questions().any(|question| question.subject == Subject::Analysis);
            if steps.is_empty() && !open {
                steps.push(transition(Status::Planning, "it is clear what is wanted"));
            }
        }
    }
    steps
}

/// The tests as they are before anything changes; once.
pub(super) fn baseline(state: &ExecutionState) -> Option<Step> {
    let base = &state.prepared.as_ref()?.base;
    let open = state.baseline.is_none() && state.no_tests.is_none();
    open.then(|| Step::RunTests { stage: TestStage::Before, commit: base.clone() })
}

/// The analysis' open questions go to the tech lead first, who passes on to a person what only a person can tell.
pub(super) fn analysis_question(state: &ExecutionState, questions: &[String]) -> Question {
    let squad = &state.spec.squad;
    let analyst = squad.holder(Duty::Analyze, &BTreeSet::new()).map(|member| member.name.clone());
    let others: BTreeSet<MemberName> = analyst.iter().cloned().collect();
    let to =
        squad.holder(Duty::Agree, &others).map_or(Asked::Person, |lead| Asked::Member(lead.name.clone()));
    let text = match questions {
        [one] => one.clone(),
        many => many
            .iter()
            .enumerate()
            .map(|(n, text)| format!("{}. {text}", n + 1))
            .collect::<Vec<_>>()
            .join("\n"),
    };
    let from = analyst.map_or(Actor::Engine, Actor::Member);
    Question { id: state.next_question(), from, to, subject: Subject::Analysis, text, options: Vec::new() }
}

pub(super) fn planning(state: &ExecutionState) -> Vec<Step> {
    let open = open_lanes(state);
    if !open.is_empty() || any_lane_open(state) {
        return open;
    }
    let round = state.planning_round;
    let nobody = BTreeSet::new();
    let drafted = state.lanes.values().any(|lane| lane.duty == Duty::Plan && lane.round == round);
    if !drafted || state.plan.is_none() {
        return lane_or_open(state, plan_lane(state, "plan", Duty::Plan, round, &nobody));
    }
    if !state.plan_settled {
        let planner: BTreeSet<MemberName> =
            state.spec.squad.holder(Duty::Plan, &nobody).iter().map(|member| member.name.clone()).collect();
        return lane_or_open(state, plan_lane(state, "agree", Duty::Agree, round, &planner));
    }
    if state.test_command.is_none()
        && state.plan.as_ref().is_none_or(|plan| plan.test_command.trim().is_empty())
    {
        let tried = state.no_tests.as_deref().unwrap_or_default();
        return ask_once(state, Subject::TestCommand, wording::test_command(tried), &[]);
    }
    if !state.plan_approved && needs_approval(state) {
        let subject = Subject::PlanApproval { version: state.plan_version };
        let text = state.plan.as_ref().map(wording::plan_approval).unwrap_or_default();
        return ask_once(state, subject, text, &["approve", "reject"]);
    }
    let unassigned =
        state.plan.as_ref().map(|plan| plan.subtasks.iter().map(|subtask| subtask.id.clone()).collect());
    if state.subtasks.is_empty() {
        return vec![Step::Assign { subtasks: unassigned.unwrap_or_default() }];
    }
    vec![transition(Status::Delegated, "the plan is settled and every sub-task has its member")]
}

pub(super) fn needs_approval(state: &ExecutionState) -> bool {
    match state.spec.approval {
        ApprovalPolicy::Always => true,
        ApprovalPolicy::Never => false,
        ApprovalPolicy::OverBudget => state.estimate().is_none_or(|estimate| {
            state.spec.budget.is_some_and(|budget| budget.saturating_sub(state.cost()) < estimate)
        }),
    }
}
