//! The task, its analysis and its plan.

use std::fmt::Write;

use squad_domain::execution::ExecutionState;
use squad_domain::ids::SubtaskId;
use squad_domain::plan::{Analysis, Plan, Subtask};

use super::part::Part;
use crate::text::{bullets, one_line, words};

/// Titles stand in lines of our own.
pub(super) const TITLE_CHARS: usize = 500;
const TASK_BYTES: usize = 24_000;
const ANALYSIS_BYTES: usize = 12_000;
const PLAN_BYTES: usize = 32_000;
const MAP_BYTES: usize = 12_000;
const REASON_BYTES: usize = 4_000;

pub(super) fn task(state: &ExecutionState) -> Option<Part> {
    let task = &state.spec.task;
    let title = format!("**{}**", task.title);
    // A description made from the same text begins with its title.
    let text = if task.description.trim().is_empty() {
        title
    } else {
        format!("{title}\n\n{}", task.description.trim())
    };
    Part::new("Task", &text, TASK_BYTES)
}

pub(super) fn analysis(state: &ExecutionState) -> Option<Part> {
    let Analysis { summary, acceptance_criteria, risks, questions } = state.analysis.as_ref()?;
    let mut text = words(summary);
    for (title, entries) in
        [("Acceptance criteria", acceptance_criteria), ("Risks", risks), ("Questions", questions)]
    {
        if !entries.is_empty() {
            text.push_str(&format!("\n\n## {title}\n\n{}", bullets(entries)));
        }
    }
    Part::new("Analysis", &text, ANALYSIS_BYTES)
}

/// What the whole must fulfil, for those who see only a part.
pub(super) fn criteria_of_the_task(state: &ExecutionState) -> Option<Part> {
    let criteria = &state.analysis.as_ref()?.acceptance_criteria;
    Part::new("Acceptance criteria of the whole task", &bullets(criteria), ANALYSIS_BYTES)
}

pub(super) fn map(state: &ExecutionState) -> Option<Part> {
    Part::block("Map of the repository", "", &state.prepared.as_ref()?.map, MAP_BYTES)
}

/// Whoever answers after planning knows the places from the plan.
pub(super) fn map_where_unplanned(state: &ExecutionState) -> Option<Part> {
    if state.plan.is_some() { None } else { map(state) }
}

/// The plan that a person sent back, and why.
pub(super) fn rejected(state: &ExecutionState) -> Option<Part> {
    let reason = state.plan_rejected.as_deref()?;
    let mut text = format!("A person read the plan below and wants it changed: {}", reason.trim());
    if let Some(plan) = &state.plan {
        text.push_str("\n\n");
        text.push_str(&full(plan));
    }
    Part::new("The plan that was rejected", &text, PLAN_BYTES)
}

/// Why the plan before the draft was sent back; the new draft has taken its place in the state.
pub(super) fn rejection(state: &ExecutionState) -> Option<Part> {
    let reasons: Vec<String> = state
        .questions
        .values()
        .filter_map(|asked| match &asked.answer {
            Some((by, squad_domain::question::Answer::Reject { reason })) => {
                Some(format!("{}: {}", by.name(), reason.trim()))
            }
            _ => None,
        })
        .collect();
    Part::new("Why earlier plans were rejected", &bullets(&reasons), REASON_BYTES)
}

pub(super) fn draft(state: &ExecutionState) -> Option<Part> {
    Part::new("Draft of the plan", &full(state.plan.as_ref()?), PLAN_BYTES)
}

/// The whole plan.
fn full(plan: &Plan) -> String {
    let mut text = plan.subtasks.iter().map(described).collect::<Vec<_>>().join("\n\n");
    let command =
        if plan.test_command.trim().is_empty() { "(none)".to_owned() } else { words(&plan.test_command) };
    // Writing to a string cannot fail.
    let _ = write!(text, "\n\n`test_command`: {command}");
    text
}

/// A sub-task in all its words.
pub(super) fn described(subtask: &Subtask) -> String {
    let mut text =
        format!("## {}: {}\n\nrole: {}", subtask.id, one_line(&subtask.title, TITLE_CHARS), subtask.role);
    if !subtask.depends_on.is_empty() {
        text.push_str(&format!("\ndepends on: {}", ids(&subtask.depends_on)));
    }
    text.push_str(&format!("\n\n{}", words(&subtask.description)));
    if !subtask.acceptance_criteria.is_empty() {
        text.push_str(&format!("\n\nAcceptance criteria:\n\n{}", bullets(&subtask.acceptance_criteria)));
    }
    text
}

pub(super) fn ids(ids: &[SubtaskId]) -> String {
    ids.iter().map(SubtaskId::as_str).collect::<Vec<_>>().join(", ")
}
