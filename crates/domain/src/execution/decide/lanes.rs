//! The next step of every lane.

use super::asking::ask_once;
use super::{LanePlan, Step};
use crate::duty::Duty;
use crate::execution::{ExecutionState, Lane, LanePhase, wording};
use crate::ids::{LaneId, MemberName, SubtaskId};
use crate::message::Actor;
use crate::model::Purpose;
use crate::question::{Asked, Subject};
use std::collections::BTreeSet;

pub(super) fn plan_lane(
    state: &ExecutionState,
    name: &str,
    duty: Duty,
    round: u32,
    not: &BTreeSet<MemberName>,
) -> Option<LanePlan> {
    let member = state.spec.squad.holder(duty, not)?;
    Some(LanePlan {
        id: LaneId(format!("{name}/{round}")),
        member: member.name.clone(),
        duty,
        subtask: None,
        round,
        question: None,
    })
}

/// The steps of the open lanes; where none is open and the planned one was not opened yet, opens it.
pub(super) fn lane_or_open(state: &ExecutionState, plan: Option<LanePlan>) -> Vec<Step> {
    let steps = open_lanes(state);
    match plan {
        Some(plan) if steps.is_empty() && !any_lane_open(state) => vec![Step::OpenLane(plan)],
        _ => steps,
    }
}

pub(super) fn any_lane_open(state: &ExecutionState) -> bool {
    state.lanes.values().any(Lane::is_open)
}

pub(super) fn lane_open_for(state: &ExecutionState, subtask: &SubtaskId) -> bool {
    state
        .lanes
        .values()
        .any(|lane| lane.is_open() && lane.subtask.as_ref() == Some(subtask) && lane.duty != Duty::Answer)
}

/// The next step of every open lane, and a lane for every question to a member that has none yet.
pub(super) fn open_lanes(state: &ExecutionState) -> Vec<Step> {
    let mut steps: Vec<Step> = state
        .lanes
        .values()
        .filter(|lane| lane.is_open())
        .filter_map(|lane| lane_step(state, lane))
        .collect();
    for question in state.open_questions() {
        let Asked::Member(member) = &question.to else { continue };
        let id = LaneId(format!("answer/{}", question.id));
        if state.lanes.contains_key(&id) {
            continue;
        }
        steps.push(Step::OpenLane(LanePlan {
            id,
            member: member.clone(),
            duty: Duty::Answer,
            subtask: question
                .lane()
                .and_then(|lane| state.lanes.get(lane))
                .and_then(|lane| lane.subtask.clone()),
            round: 1,
            question: Some(question.id.clone()),
        }));
    }
    bounded(state, steps)
}

/// No more lanes than allowed have a step under way; those that have one go on first.
pub(super) fn bounded(state: &ExecutionState, mut steps: Vec<Step>) -> Vec<Step> {
    let limit = state.spec.limits.parallel_lanes.max(1);
    if steps.len() > limit {
        let begun = |step: &Step| match step {
            Step::CallModel { lane, .. } | Step::RunTool { lane, .. } => state
                .lanes
                .get(lane)
                .is_none_or(|lane| !matches!(lane.phase, LanePhase::Calling { .. }) && lane.turns == 0),
            Step::OpenLane(_) => true,
            _ => false,
        };
        steps.sort_by_key(begun);
        steps.truncate(limit);
    }
    steps
}

pub(super) fn lane_step(state: &ExecutionState, lane: &Lane) -> Option<Step> {
    if lane.waiting.is_some() {
        return None;
    }
    match &lane.phase {
        LanePhase::Closed => None,
        LanePhase::Calling { step, purpose, .. } => Some(Step::CallModel {
            key: step.clone(),
            lane: lane.id.clone(),
            purpose: *purpose,
            condense_upto: (*purpose == Purpose::Summarize).then(|| condense_upto(state, lane)).flatten(),
        }),
        LanePhase::Tools { .. } => {
            let (key, _, started) = lane.current_tool()?;
            Some(Step::RunTool { key, lane: lane.id.clone(), started })
        }
        LanePhase::Ready => ready_step(state, lane),
    }
}

pub(super) fn ready_step(state: &ExecutionState, lane: &Lane) -> Option<Step> {
    let member = state.member(&lane.member)?;
    if lane.guard.finding.is_some() {
        let profile = member.profile.as_ref().unwrap_or(&state.spec.models.profile);
        let can_escalate = !profile.escalation.is_empty() && !lane.escalated;
        return Some(Step::Guard { lane: lane.id.clone(), action: lane.guard.action(can_escalate) });
    }
    if lane.turns >= member.max_turns + lane.granted {
        let subject = Subject::Turns { lane: lane.id.clone(), limit: member.max_turns };
        let text = wording::turns(lane.member.as_str(), lane.duty.slug(), lane.turns);
        return ask_once(state, subject, text, &["retry", "stop"]).into_iter().next();
    }
    if budget_stop(state, &lane.member) {
        return None;
    }
    let condense = condense_upto(state, lane);
    let purpose = if condense.is_some() { Purpose::Summarize } else { lane.duty.purpose() };
    Some(Step::CallModel { key: lane.next_call(), lane: lane.id.clone(), purpose, condense_upto: condense })
}

/// Up to which message the lane is to be condensed before its next call. A quarter of the room stays for the latest
/// turns, word by word. `None`: it fits, or there is nothing to gain.
#[must_use]
pub fn condense_upto(state: &ExecutionState, lane: &Lane) -> Option<usize> {
    let room = lane.room.unwrap_or(state.spec.limits.context_bytes);
    (lane.context_bytes() > room).then(|| lane.condense_upto(room / 4)).flatten()
}

/// Whether an open question about a budget holds the member's calls back: its own budget's, or the execution's.
pub(super) fn budget_stop(state: &ExecutionState, member: &MemberName) -> bool {
    state.open_questions().any(|question| {
        matches!(question.subject, Subject::Budget { .. })
            && match &question.from {
                Actor::Member(name) => name == member,
                _ => true,
            }
    })
}
