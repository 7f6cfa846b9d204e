//! What each open lane is at, in a few words.

use super::story::Story;
use super::{clean, tell};
use squad_domain::execution::{Lane, LanePhase};
use squad_domain::ids::LaneId;
use squad_domain::model::Purpose;
use squad_domain::money::MicroUsd;
use squad_domain::question::Asked;
use squad_engine::report::words;

/// An open lane as the live view shows it. All text in it is clean.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Activity {
    /// Which.
    pub(crate) lane: LaneId,
    /// `Bea BE`.
    pub(crate) who: String,
    /// `s1`, or the duty.
    pub(crate) about: String,
    /// What it does now.
    pub(crate) doing: String,
    /// Whether live text of the lane is what its member says; else it is what its command prints.
    pub(crate) speaks: bool,
    /// What its member has cost so far.
    pub(crate) cost: MicroUsd,
}

/// The open lanes, in the order of the squad's members.
pub(crate) fn of(story: &Story) -> Vec<Activity> {
    let Some(state) = story.state() else { return Vec::new() };
    let order = |lane: &Lane| state.spec.squad.members.iter().position(|member| member.name == lane.member);
    let mut lanes: Vec<&Lane> = state.lanes.values().filter(|lane| lane.is_open()).collect();
    lanes.sort_by_key(|lane| (order(lane), &lane.id));
    lanes
        .into_iter()
        .map(|lane| Activity {
            lane: lane.id.clone(),
            who: tell::member(state, &lane.member),
            about: lane.subtask.as_ref().map_or(lane.duty.to_string(), ToString::to_string),
            doing: clean::line(&doing(story, lane)),
            speaks: matches!(lane.phase, LanePhase::Calling { .. }),
            cost: state.spending.get(&lane.member).map_or(MicroUsd::ZERO, |spending| spending.cost),
        })
        .collect()
}

fn doing(story: &Story, lane: &Lane) -> String {
    let questions = story.state().map(|state| &state.questions);
    if let Some(question) = &lane.waiting {
        return match questions.and_then(|all| all.get(question)).map(|asked| &asked.question.to) {
            Some(Asked::Member(member)) => format!("waits for {member} to answer"),
            _ => format!("waits for your answer to {question}"),
        };
    }
    match &lane.phase {
        LanePhase::Calling { purpose: Purpose::Summarize, .. } => "condenses what it has read".to_owned(),
        LanePhase::Calling { candidates, .. } => {
            let model = candidates.first().map(|model| format!(" ({})", model.model)).unwrap_or_default();
            format!("thinking{model}")
        }
        LanePhase::Tools { .. } => lane.current_tool().map_or(String::new(), |(step, call, _)| {
            match (story.summary(&step), call.name.as_str()) {
                (Some(summary), "run_command") => summary.to_owned(),
                (Some(summary), tool) => format!("{} {summary}", tool.replace('_', " ")),
                (None, tool) => tool.replace('_', " "),
            }
        }),
        LanePhase::Ready | LanePhase::Closed => "about to think".to_owned(),
    }
}

/// The state line: `● In progress · 2m 03s · $0.13 of $2.00`.
pub(crate) fn headline(story: &Story, elapsed_ms: u64) -> String {
    let Some(state) = story.state() else { return "starting".to_owned() };
    let (sign, colour) = super::style::status(state.status);
    let status = super::style::paint(colour, &format!("{sign} {}", words::status(state.status)));
    let budget = state.spec.budget.map(|budget| format!(" of {budget}")).unwrap_or_default();
    let paused = if state.paused { " · paused" } else { "" };
    let scripted = if tell::is_scripted(state) { " · scripted model" } else { "" };
    format!(
        "{status} · {} · {}{budget}{paused}{scripted}",
        words::duration(elapsed_ms / 1_000 * 1_000),
        state.cost()
    )
}
