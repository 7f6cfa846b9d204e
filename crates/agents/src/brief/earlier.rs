//! Checks of the whole from before the last fix. The state forgets them as soon as something is merged, because they speak
//! of other files; whoever checks again wants to know what they found.

use squad_domain::conversation::Message;
use squad_domain::duty::Duty;
use squad_domain::execution::{ExecutionState, Lane};
use squad_domain::ids::MemberName;
use squad_domain::review::{Review, TestReport};

use crate::tools::{Control, Invocation, parse};

/// Reviews of the merged whole, oldest first.
pub(super) fn reviews_of_the_whole(state: &ExecutionState) -> Vec<(MemberName, Review)> {
    submitted(state, Duty::Review)
        .filter_map(|(lane, control)| match control {
            Control::SubmitReview(review) => Some((lane.member.clone(), review)),
            _ => None,
        })
        .collect()
}

/// The tester's reports, oldest first.
pub(super) fn reports(state: &ExecutionState) -> Vec<(MemberName, TestReport)> {
    submitted(state, Duty::Test)
        .filter_map(|(lane, control)| match control {
            Control::SubmitTestReport(report) => Some((lane.member.clone(), report)),
            _ => None,
        })
        .collect()
}

/// What closed lanes of a duty on the whole handed over: their last call, read as it was read then.
fn submitted(state: &ExecutionState, duty: Duty) -> impl Iterator<Item = (&Lane, Control)> {
    let mut lanes: Vec<&Lane> = state
        .lanes
        .values()
        .filter(|lane| lane.duty == duty && lane.subtask.is_none() && !lane.is_open())
        .collect();
    lanes.sort_by_key(|lane| (lane.round, lane.id.as_str().len(), lane.id.clone()));
    lanes.into_iter().filter_map(move |lane| {
        let reply = lane.transcript.iter().rev().find_map(|message| match message {
            Message::Assistant(reply) => Some(reply),
            _ => None,
        })?;
        let ends = duty.ends_with()?;
        let call = reply.calls.iter().rev().find(|call| call.name == ends.slug())?;
        match parse(state, lane, call) {
            Ok(Invocation::Control(control)) => Some((lane, control)),
            _ => None,
        }
    })
}
