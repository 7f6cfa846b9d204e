//! Who does which sub-task: every member is scored, and the score comes with its reasons.

use squad_domain::execution::ExecutionState;
use squad_domain::ids::{MemberName, SubtaskId};
use squad_domain::member::Member;
use squad_domain::plan::Subtask;
use squad_domain::review::ReviewVerdict;
use squad_domain::tool::ToolName;
use std::collections::BTreeMap;

/// Points for the role itself: by far the most.
const ROLE: u32 = 60;
/// Points for a specialization that the sub-task's words speak of.
const SPECIALIZATION: u32 = 10;
/// Points for having nothing else to do.
const FREE: u32 = 15;
/// Points for work that was approved at once so far.
const RECORD: u32 = 10;
/// Points for having spent less than teammates.
const THRIFT: u32 = 5;

/// One member's score for one sub-task.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Assignment {
    pub(crate) subtask: SubtaskId,
    pub(crate) member: MemberName,
    /// 0 to 100.
    pub(crate) score: u32,
    pub(crate) reasons: Vec<String>,
}

/// Assigns the sub-tasks in their order; each assignment counts as load for those after it.
pub(crate) fn assign(state: &ExecutionState, subtasks: &[&Subtask]) -> Vec<Assignment> {
    let mut load: BTreeMap<MemberName, u32> = BTreeMap::new();
    for subtask in &state.subtasks {
        if let Some(member) = &subtask.assignee
            && subtask.stage != squad_domain::execution::SubtaskStage::Merged
        {
            *load.entry(member.clone()).or_default() += 1;
        }
    }
    let mut assignments = Vec::new();
    for subtask in subtasks {
        // `max_by_key` takes the last of equals; the first of the squad is the one people expect.
        let best = state
            .spec
            .squad
            .members
            .iter()
            .rev()
            .filter(|member| member.may_use(ToolName::SubmitWork.slug()))
            .map(|member| score(state, member, subtask, load.get(&member.name).copied().unwrap_or_default()))
            .max_by_key(|assignment| assignment.score);
        if let Some(best) = best {
            *load.entry(best.member.clone()).or_default() += 1;
            assignments.push(best);
        }
    }
    assignments
}

fn score(state: &ExecutionState, member: &Member, subtask: &Subtask, load: u32) -> Assignment {
    let mut reasons = Vec::new();
    let fit = member.role.fit(subtask.role) * ROLE / 100;
    reasons.push(if member.role == subtask.role {
        format!("is the {} that the plan asks for (+{fit})", subtask.role.title().to_lowercase())
    } else {
        format!(
            "{} instead of {} (+{fit})",
            member.role.title().to_lowercase(),
            subtask.role.title().to_lowercase()
        )
    });
    let mut total = fit;
    if let Some(specialization) = member.specialization.as_deref().filter(|words| speaks_of(subtask, words)) {
        total += SPECIALIZATION;
        reasons.push(format!("specialized in {} (+{SPECIALIZATION})", specialization.replace('_', " ")));
    }
    let free = FREE.saturating_sub(load * FREE.div_ceil(3));
    total += free;
    reasons.push(match load {
        0 => format!("has nothing else to do (+{free})"),
        1 => format!("has one other sub-task (+{free})"),
        more => format!("has {more} other sub-tasks (+{free})"),
    });
    let (approved, sent_back) = record(state, &member.name);
    if let Some(points) = (RECORD * approved).checked_div(approved + sent_back) {
        total += points;
        reasons.push(format!("{approved} of {} reviews approved (+{points})", approved + sent_back));
    }
    if member.tools.as_ref().is_some_and(|tools| !tools.contains(ToolName::RunCommand.slug())) {
        total = total.saturating_sub(20);
        reasons.push("may not run commands (−20)".to_owned());
    }
    let mean = state.cost().micros() / (state.spec.squad.members.len() as u64).max(1);
    let own = state.spending.get(&member.name).map_or(0, |spending| spending.cost.micros());
    if own < mean {
        total += THRIFT;
        reasons.push(format!("has spent less than the mean (+{THRIFT})"));
    }
    Assignment { subtask: subtask.id.clone(), member: member.name.clone(), score: total.min(100), reasons }
}

/// Whether the sub-task's words name a part of the specialization: `rust_axum` is spoken of by "axum".
fn speaks_of(subtask: &Subtask, specialization: &str) -> bool {
    let text = format!("{} {}", subtask.title, subtask.description).to_lowercase();
    let mut words = text.split(|c: char| !c.is_alphanumeric());
    let parts: Vec<&str> = specialization.split('_').collect();
    words.any(|word| parts.contains(&word))
}

/// Reviews of the member's work in this execution: approved, and sent back.
fn record(state: &ExecutionState, member: &MemberName) -> (u32, u32) {
    let theirs = state.subtasks.iter().filter(|subtask| subtask.assignee.as_ref() == Some(member));
    theirs.flat_map(|subtask| &subtask.reviews).fold(
        (0, 0),
        |(approved, sent_back), (_, review)| match review.verdict {
            ReviewVerdict::Approve => (approved + 1, sent_back),
            ReviewVerdict::RequestChanges => (approved, sent_back + 1),
        },
    )
}
