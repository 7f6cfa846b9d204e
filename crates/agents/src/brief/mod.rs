//! The first message of a lane: who it is for, what the duty asks, and everything that is known by now.
//!
//! ```text
//! <assignment>     people, logs and the scripted model tell by it what the call is for
//! duty             the instructions of `duties/<duty>.md`
//! data             Markdown sections, each bounded, stable ones first
//! ```

mod answer;
mod checks;
mod earlier;
mod part;
mod plan;
mod talk;
mod work;

use squad_domain::duty::Duty;
use squad_domain::execution::ExecutionState;
use squad_domain::execution::decide::LanePlan;
use squad_domain::member::Member;
use squad_domain::tests_run::TestRun;

use crate::Prompts;
use part::Part;

/// What only the engine can fetch for a brief.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Material {
    /// The unified diff to review, or of what is to be tested or resolved.
    pub diff: Option<String>,
    /// The engine's run of the tests to show, where it is not the last one that the log knows.
    pub tests: Option<TestRun>,
    /// Files in conflict, where they are not those that the log knows.
    pub conflict_files: Vec<String>,
    /// What was found in the knowledge about the task.
    pub knowledge: Option<String>,
    /// Anything else that the member should know, a sentence each.
    pub notes: Vec<String>,
}

/// The brief of a lane that is about to be opened. The same state and material always give the same text.
#[must_use]
pub fn write(prompts: &Prompts, state: &ExecutionState, plan: &LanePlan, material: &Material) -> String {
    let member = state.member(&plan.member);
    let mut brief = assignment(plan, member);
    brief.push_str("\n\n");
    brief.push_str(prompts.duty(plan.duty.slug()).trim());
    for part in parts(state, plan, material).into_iter().flatten() {
        brief.push_str("\n\n");
        brief.push_str(&part.to_string());
    }
    brief.push('\n');
    brief
}

/// The block by which everybody can tell what a call is for.
fn assignment(plan: &LanePlan, member: Option<&Member>) -> String {
    block(
        plan.member.as_str(),
        member.map_or("", |member| member.role.slug()),
        plan.duty.slug(),
        plan.subtask.as_ref().map(squad_domain::ids::SubtaskId::as_str),
        plan.round,
    )
}

/// The block itself.
pub(crate) fn block(member: &str, role: &str, duty: &str, subtask: Option<&str>, round: u32) -> String {
    let subtask = subtask.map(|id| format!("subtask: {id}\n")).unwrap_or_default();
    format!(
        "<assignment>\nmember: {member}\nrole: {role}\nduty: {duty}\n{subtask}round: {round}\n</assignment>"
    )
}

fn parts(state: &ExecutionState, lane: &LanePlan, material: &Material) -> Vec<Option<Part>> {
    let mut parts = vec![plan::task(state)];
    match lane.duty {
        Duty::Analyze => {
            parts.extend([plan::map(state), checks::before(state, material), part::knowledge(material)]);
        }
        Duty::Plan => parts.extend([
            plan::analysis(state),
            talk::answers(state),
            plan::rejected(state),
            plan::map(state),
            checks::before(state, material),
            part::knowledge(material),
        ]),
        Duty::Agree => parts.extend([
            plan::analysis(state),
            talk::answers(state),
            plan::rejection(state),
            plan::draft(state),
            checks::before(state, material),
            part::knowledge(material),
        ]),
        Duty::Work => parts.extend([
            plan::criteria_of_the_task(state),
            work::subtask(state, lane),
            work::others(state, lane),
            work::dependencies(state, lane),
            work::reviews(state, lane),
            checks::failure(state, lane, material),
            talk::answers(state),
            checks::before(state, material),
            part::knowledge(material),
        ]),
        Duty::Review => parts.extend([
            plan::criteria_of_the_task(state),
            work::subtask(state, lane),
            work::others(state, lane),
            work::hand_over(state, lane),
            work::reviews(state, lane),
            checks::failure(state, lane, material),
            talk::answers(state),
            checks::before(state, material),
            checks::after_for_the_whole(state, lane, material),
            part::diff("Diff to review", material),
        ]),
        Duty::Resolve => parts.extend([
            plan::criteria_of_the_task(state),
            work::subtask(state, lane),
            work::hand_over(state, lane),
            work::merged(state, lane),
            work::conflict(state, lane, material),
            checks::before(state, material),
            part::diff("Diff", material),
        ]),
        Duty::Test => parts.extend([
            plan::analysis(state),
            talk::answers(state),
            work::merged(state, lane),
            checks::before(state, material),
            checks::after(state, material),
            checks::reports(state),
            part::diff("Diff of the whole", material),
        ]),
        Duty::Answer => parts.extend([
            plan::analysis(state),
            work::subtask(state, lane),
            work::others(state, lane),
            talk::answers(state),
            plan::map_where_unplanned(state),
            part::knowledge(material),
            part::diff("Diff", material),
        ]),
    }
    parts.extend([talk::told(state, lane), part::notes(material)]);
    // Last, because it is what the whole duty is about.
    parts.push(answer::question(state, lane));
    parts
}
