//! The standup: who did what, who does what, who waits for what. Told by the engine from the log whenever work lands
//! while something is left to do, so it costs no model call and cannot be wrong.

use super::message;
use squad_domain::execution::{ExecutionState, NewEvent, SubtaskStage, SubtaskState};
use squad_domain::ids::SubtaskId;
use squad_domain::message::{Actor, MessageKind, Recipient};

/// The standup as it is once `landed` is merged; `None` where nothing is left to do.
pub(crate) fn standup(state: &ExecutionState, landed: &SubtaskId) -> Option<NewEvent> {
    let left = |subtask: &SubtaskState| subtask.spec.id != *landed && subtask.stage != SubtaskStage::Merged;
    if !state.subtasks.iter().any(left) {
        return None;
    }
    let mut lines = Vec::new();
    for subtask in &state.subtasks {
        let who = subtask.assignee.as_ref().map_or("nobody", |name| name.as_str());
        let what = format!("{} ({})", subtask.spec.title, subtask.spec.id);
        let stage = if subtask.spec.id == *landed { SubtaskStage::Merged } else { subtask.stage };
        lines.push(match stage {
            SubtaskStage::Merged => format!("done: {who}: {what}"),
            SubtaskStage::Waiting => {
                let needs: Vec<String> = subtask.spec.depends_on.iter().map(ToString::to_string).collect();
                let needs = if needs.is_empty() { "its turn".to_owned() } else { needs.join(", ") };
                format!("waiting for {needs}: {who}: {what}")
            }
            SubtaskStage::Submitted | SubtaskStage::ChangesRequested => format!("in review: {who}: {what}"),
            SubtaskStage::Conflicted | SubtaskStage::Resolved => {
                format!("in conflict with merged work: {who}: {what}")
            }
            SubtaskStage::Working | SubtaskStage::Approved => format!("under way: {who}: {what}"),
        });
    }
    for question in state.open_questions() {
        lines.push(format!(
            "open question {}: {}",
            question.id,
            question.text.lines().next().unwrap_or_default()
        ));
    }
    Some(message(Actor::Engine, Recipient::Everyone, MessageKind::Standup, lines.join("\n")))
}
