//! Sub-tasks: the lane's own, the others', what was handed over and what reviewers said.

use squad_domain::duty::Duty;
use squad_domain::execution::decide::LanePlan;
use squad_domain::execution::{ExecutionState, SubtaskStage, SubtaskState};
use squad_domain::review::{Review, ReviewVerdict};

use super::part::Part;
use super::plan::{TITLE_CHARS, described, ids};
use super::{Material, earlier};
use crate::text::{bound, bullets, one_line, words};

const SUBTASK_BYTES: usize = 16_000;
const OTHERS_BYTES: usize = 8_000;
const SUMMARY_BYTES: usize = 4_000;
const SUMMARIES_BYTES: usize = 16_000;
const REVIEWS_BYTES: usize = 20_000;

fn own<'a>(state: &'a ExecutionState, lane: &LanePlan) -> Option<&'a SubtaskState> {
    state.subtask(lane.subtask.as_ref()?)
}

pub(super) fn subtask(state: &ExecutionState, lane: &LanePlan) -> Option<Part> {
    let own = own(state, lane)?;
    let title = match lane.duty {
        Duty::Answer => "The sub-task of the asker",
        duty if duty.changes_files() => "Your sub-task",
        _ => "The sub-task",
    };
    Part::new(title, &described(&own.spec), SUBTASK_BYTES)
}

/// The plan in outline: who does what, and how far it is.
pub(super) fn others(state: &ExecutionState, lane: &LanePlan) -> Option<Part> {
    let lines: Vec<String> = state
        .subtasks
        .iter()
        .filter(|subtask| Some(&subtask.spec.id) != lane.subtask.as_ref())
        .map(|subtask| {
            let who = subtask.assignee.as_ref().map_or("nobody yet", |name| name.as_str());
            let after = if subtask.spec.depends_on.is_empty() {
                String::new()
            } else {
                format!(", after {}", ids(&subtask.spec.depends_on))
            };
            format!(
                "{}: {} ({who}{after}; {})",
                subtask.spec.id,
                one_line(&subtask.spec.title, TITLE_CHARS),
                stage(subtask.stage)
            )
        })
        .collect();
    let title = if lane.subtask.is_some() { "The other sub-tasks of the plan" } else { "The plan" };
    Part::new(title, &bullets(&lines), OTHERS_BYTES)
}

fn stage(stage: SubtaskStage) -> &'static str {
    match stage {
        SubtaskStage::Waiting => "not begun",
        SubtaskStage::Working => "being worked on",
        SubtaskStage::Submitted => "in review",
        SubtaskStage::ChangesRequested => "changes requested",
        SubtaskStage::Approved | SubtaskStage::Resolved => "about to be merged",
        SubtaskStage::Conflicted => "in conflict with merged work",
        SubtaskStage::Merged => "merged",
    }
}

/// What the sub-task builds upon, in the words of those who did it.
pub(super) fn dependencies(state: &ExecutionState, lane: &LanePlan) -> Option<Part> {
    let needs = &own(state, lane)?.spec.depends_on;
    let done: Vec<&SubtaskState> =
        state.subtasks.iter().filter(|subtask| needs.contains(&subtask.spec.id)).collect();
    Part::new("Merged work that yours builds upon", &summaries(&done), SUMMARIES_BYTES)
}

/// Everything that is merged, apart from the lane's own sub-task.
pub(super) fn merged(state: &ExecutionState, lane: &LanePlan) -> Option<Part> {
    let done: Vec<&SubtaskState> = state
        .subtasks
        .iter()
        .filter(|subtask| {
            subtask.stage == SubtaskStage::Merged && Some(&subtask.spec.id) != lane.subtask.as_ref()
        })
        .collect();
    Part::new("Merged work, in the words of those who did it", &summaries(&done), SUMMARIES_BYTES)
}

fn summaries(done: &[&SubtaskState]) -> String {
    let one = |subtask: &&SubtaskState| {
        let who = subtask.assignee.as_ref().map_or(String::new(), |name| format!(" ({name})"));
        let summary = if subtask.summary.trim().is_empty() { "(no words)" } else { subtask.summary.trim() };
        format!(
            "## {}: {}{who}\n\n{}",
            subtask.spec.id,
            one_line(&subtask.spec.title, TITLE_CHARS),
            words(&bound(summary, SUMMARY_BYTES))
        )
    };
    done.iter().map(one).collect::<Vec<_>>().join("\n\n")
}

/// What was done, in the author's words; for the whole, in everybody's.
pub(super) fn hand_over(state: &ExecutionState, lane: &LanePlan) -> Option<Part> {
    let Some(own) = own(state, lane) else { return merged(state, lane) };
    let who = own.assignee.as_ref().map_or("The author", |name| name.as_str());
    Part::new(
        format!("{who}'s hand-over (a claim; the diff is the evidence)"),
        &words(&own.summary),
        SUMMARY_BYTES,
    )
}

/// What reviewers said, by round; for the whole, what was said of it before the last fixes.
pub(super) fn reviews(state: &ExecutionState, lane: &LanePlan) -> Option<Part> {
    let said: Vec<(String, String)> = match own(state, lane) {
        Some(own) => own.reviews.iter().map(|(who, review)| (who.to_string(), reviewed(review))).collect(),
        None => earlier::reviews_of_the_whole(state)
            .into_iter()
            .map(|(who, review)| (who.to_string(), reviewed(&review)))
            .collect(),
    };
    let rounds: Vec<String> = said
        .iter()
        .enumerate()
        .map(|(round, (who, review))| format!("## Round {}, {who}\n\n{review}", round + 1))
        .collect();
    Part::new("Reviews so far", &rounds.join("\n\n"), REVIEWS_BYTES)
}

pub(super) fn reviewed(review: &Review) -> String {
    let verdict = match review.verdict {
        ReviewVerdict::Approve => "approved",
        ReviewVerdict::RequestChanges => "changes requested",
    };
    let comments: Vec<String> = review
        .comments
        .iter()
        .map(|comment| {
            format!("`{}:{}`: {}", one_line(&comment.path, 200), comment.line, comment.body.trim())
        })
        .collect();
    let comments = if comments.is_empty() { String::new() } else { format!("\n\n{}", bullets(&comments)) };
    format!("{verdict}: {}{comments}", words(&review.summary))
}

pub(super) fn conflict(state: &ExecutionState, lane: &LanePlan, material: &Material) -> Option<Part> {
    let known =
        own(state, lane).and_then(|subtask| subtask.conflict.as_ref()).map(|(files, _)| files.as_slice());
    let files =
        if material.conflict_files.is_empty() { known.unwrap_or_default() } else { &material.conflict_files };
    let files: Vec<String> = files.iter().map(|file| format!("`{}`", one_line(file, 300))).collect();
    Part::new("Files in conflict", &bullets(&files), OTHERS_BYTES)
}
