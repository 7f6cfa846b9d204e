//! What the engine itself says to people: questions and reasons. One place, so that one person can read it all.

use super::state::ExecutionState;
use crate::plan::Plan;
use crate::question::Subject;
use crate::tests_run::TestRun;

/// The reason that goes with a transition to `blocked`.
pub(super) fn blocked(state: &ExecutionState) -> String {
    let waiting: Vec<String> = state
        .open_questions()
        .filter(|question| question.waits_for_person())
        .map(|question| question.id.to_string())
        .collect();
    format!("waits for a person: {}", waiting.join(", "))
}

/// The question that asks for approval of a plan.
pub(super) fn plan_approval(plan: &Plan) -> String {
    let lines: Vec<String> = plan
        .subtasks
        .iter()
        .map(|subtask| {
            let needs: Vec<&str> = subtask.depends_on.iter().map(crate::ids::SubtaskId::as_str).collect();
            let after =
                if needs.is_empty() { String::new() } else { format!(", after {}", needs.join(", ")) };
            format!("{}: {} ({}{after})", subtask.id, subtask.title, subtask.role.title())
        })
        .collect();
    format!("Is this plan good?\n{}", lines.join("\n"))
}

/// What is asked where a limit of rounds is reached.
pub(super) fn rounds(subject: &Subject, rounds: u32) -> String {
    match subject {
        Subject::ReviewRounds { subtask: Some(id) } => {
            format!(
                "Reviewer and author of sub-task {id} do not agree after {rounds} rounds. Take the work as it is, allow another round, or stop?"
            )
        }
        Subject::ReviewRounds { subtask: None } => {
            format!(
                "The review of the whole still asks for changes after {rounds} fixes. Take the work as it is, allow another fix, or stop?"
            )
        }
        _ => format!("The tests still fail after {rounds} fixes. Allow another one, or stop?"),
    }
}

/// Lines of a failed run that a question shows.
const SHOWN: usize = 12;

/// What is asked where a fix has changed nothing about the failure.
pub(super) fn stalled(state: &ExecutionState, run: &TestRun) -> String {
    let fix = state.subtasks.last();
    let tried = fix.map_or("the last fix".to_owned(), |fix| {
        let by = fix.assignee.as_ref().map(|member| format!(" by {member}")).unwrap_or_default();
        let said = fix.summary.lines().next().unwrap_or_default();
        let said = if said.is_empty() { String::new() } else { format!(" (“{said}”)") };
        format!("{}{by}{said}", fix.spec.id)
    });
    let lines: Vec<&str> = run.output.lines().filter(|line| !line.trim().is_empty()).collect();
    let last = lines[lines.len().saturating_sub(SHOWN)..].join("\n");
    format!(
        "The tests fail exactly as before {tried}: it changed nothing about it. Allow another fix, best with a remark on what to try, or stop? \
         `{}` ended with {}:\n{last}",
        run.command, run.ended
    )
}

/// What is asked where nobody knows how to test.
pub(super) fn test_command(tried: &[String]) -> String {
    let tried = if tried.is_empty() {
        "Nothing in the repository says how it is tested.".to_owned()
    } else {
        format!("What the repository offers does not run here: {}.", tried.join("; "))
    };
    format!("{tried} Which command tests it?")
}

/// What is asked where a lane has used up its turns.
pub(super) fn turns(member: &str, duty: &str, limit: u32) -> String {
    format!(
        "{member} has used all {limit} turns for the duty `{duty}` without handing over. Grant as many again, or stop?"
    )
}

/// What is asked where a lane runs in circles.
pub(super) fn circles(member: &str, evidence: &str) -> String {
    format!("{member} runs in circles: {evidence}. Let it go on (with a remark, if you have one), or stop?")
}
