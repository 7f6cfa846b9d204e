//! What nobody checked, in plain words. A report that hides this is worth less than none.

use super::trail::Trail;
use super::{Criterion, Standing};
use squad_domain::execution::{ExecutionState, Status, SubtaskStage};
use squad_domain::question::{Answer, Subject};
use squad_domain::review::ReviewVerdict;
use squad_domain::tests_run::CommandSource;

pub(super) fn list(
    state: &ExecutionState,
    trail: &Trail,
    criteria: &[Criterion],
    scripted: bool,
) -> Vec<String> {
    let mut list = Vec::new();
    if state.status != Status::Completed {
        list.push(format!("The execution is not completed ({}): {}.", state.status, state.reason));
    }
    if scripted {
        list.push("The words of the models come from a script; everything else is real.".to_owned());
    }
    if state.delivery.as_ref().is_some_and(|delivery| delivery.commit == delivery.base) {
        list.push("The branch changes nothing: it points to the commit that the work began with.".to_owned());
    }
    tests(state, trail, &mut list);
    reviews(state, trail, &mut list);
    if trail.tester.is_none() && !state.subtasks.is_empty() {
        list.push("No tester held the result against the acceptance criteria.".to_owned());
    }
    let open = criteria.iter().filter(|criterion| criterion.standing == Standing::Open).count();
    if open > 0 && state.status == Status::Completed {
        list.push(format!("{open} acceptance criteria are not shown by any event."));
    }
    if state.plan.is_some() && !approved_by_person(state) {
        list.push("No person approved the plan.".to_owned());
    }
    if state.prepared.as_ref().is_some_and(|prepared| prepared.tier == "none") {
        list.push(
            "Nothing kept the commands of the squad away from the machine: the sandbox was `none`."
                .to_owned(),
        );
    }
    if !trail.hosts.is_empty() {
        list.push(format!("Commands reached the network: {}.", trail.hosts.join(", ")));
    }
    if trail.estimated > 0 {
        list.push(format!(
            "The cost of {} model calls is an estimate: the provider did not tell the usage.",
            trail.estimated
        ));
    }
    list
}

fn tests(state: &ExecutionState, trail: &Trail, list: &mut Vec<String>) {
    let command = state.test_command.as_ref();
    if trail.passing.is_none() {
        list.push("The engine has not seen the tests pass on the result as it is now.".to_owned());
    }
    if command.is_some_and(|command| command.source == CommandSource::Plan) {
        list.push(
            "The test command was proposed by the plan: nobody gave one, and none was found in the repository."
                .to_owned(),
        );
    }
    match &state.baseline {
        None => list.push("The tests were not run before the change, so nothing tells what failed already.".to_owned()),
        Some(run) if run.passed() => list.push(
            "The tests passed before the change already: that they pass now shows that nothing broke, not that the task is done."
                .to_owned(),
        ),
        Some(_) => {}
    }
}

fn reviews(state: &ExecutionState, trail: &Trail, list: &mut Vec<String>) {
    for subtask in state.subtasks.iter().filter(|subtask| subtask.stage == SubtaskStage::Merged) {
        let id = &subtask.spec.id;
        if trail.overruled.contains(id) {
            list.push(format!("A person took sub-task {id} against the reviewer's last word."));
        } else if !trail.approvals.contains_key(id) {
            list.push(format!("Nobody but its author looked at sub-task {id}."));
        }
        if trail.conflicts.contains(id) {
            list.push(format!("How the conflict of sub-task {id} was resolved was not reviewed on its own."));
        }
    }
    let merged = state.subtasks.iter().any(|subtask| subtask.stage == SubtaskStage::Merged);
    if merged && trail.whole.is_none() && !one_reviewed_subtask(state) {
        list.push("Nobody reviewed the merged whole.".to_owned());
    }
    if state.whole.accepted {
        list.push("A person took the whole against the reviewer's last word.".to_owned());
    }
    if trail.tester_changed {
        list.push("What the tester changed was not reviewed.".to_owned());
    }
}

/// Where one sub-task was all, its review was the review of the whole.
fn one_reviewed_subtask(state: &ExecutionState) -> bool {
    let [only] = state.subtasks.as_slice() else { return false };
    only.reviews.last().is_some_and(|(_, review)| review.verdict == ReviewVerdict::Approve)
}

fn approved_by_person(state: &ExecutionState) -> bool {
    state.questions.values().any(|asked| {
        matches!(asked.question.subject, Subject::PlanApproval { version } if version == state.plan_version)
            && matches!(asked.answer, Some((_, Answer::Approve { .. })))
    })
}
