//! Runs of the tests, and what checks of the whole found.

use squad_domain::execution::ExecutionState;
use squad_domain::execution::decide::LanePlan;
use squad_domain::review::{ReviewVerdict, TestReport, TestVerdict};
use squad_domain::tests_run::{CommandSource, TestRun, TestStage};

use super::part::Part;
use super::work::reviewed;
use super::{Material, earlier};
use crate::text::{bound, bullets, fenced, plain, words};

/// Output of a run that passed says little.
const PASSED_BYTES: usize = 1_500;
const FAILED_BYTES: usize = 12_000;
const FAILURE_BYTES: usize = 30_000;

/// How the project is tested, and how that went before anything changed.
pub(super) fn before(state: &ExecutionState, material: &Material) -> Option<Part> {
    let mut text = match &state.test_command {
        Some(test) => format!("Test command ({}): `{}`", source(test.source), test.command),
        None => String::new(),
    };
    let given = material.tests.as_ref().filter(|run| run.stage == TestStage::Before);
    if let Some(run) = given.or(state.baseline.as_ref()) {
        text.push_str(&format!("\n\nBefore any change: {}", told(run)));
    } else if let Some(tried) = state.no_tests.as_ref().filter(|_| state.test_command.is_none()) {
        text = "No command is known that tests this repository.".to_owned();
        if !tried.is_empty() {
            text.push_str(&format!(" What was tried does not run here:\n\n{}", bullets(tried)));
        }
    }
    Part::new("Tests", &text, FAILURE_BYTES)
}

/// The engine's run on the merged whole.
pub(super) fn after(state: &ExecutionState, material: &Material) -> Option<Part> {
    let run = given_after(material).or(state.whole.tests.as_ref())?;
    Part::new("The engine's run of the tests on the merged whole", &told(run), FAILURE_BYTES)
}

/// A review of the whole may come after a run of its tests; that of a sub-task never does.
pub(super) fn after_for_the_whole(
    state: &ExecutionState,
    lane: &LanePlan,
    material: &Material,
) -> Option<Part> {
    if lane.subtask.is_none() { after(state, material) } else { None }
}

/// What testers reported before the last fixes.
pub(super) fn reports(state: &ExecutionState) -> Option<Part> {
    let reports: Vec<String> = earlier::reports(state)
        .iter()
        .enumerate()
        .map(|(round, (who, report))| format!("## Round {}, {who}\n\n{}", round + 1, reported(report)))
        .collect();
    Part::new("Test reports so far", &reports.join("\n\n"), FAILURE_BYTES)
}

fn reported(report: &TestReport) -> String {
    let verdict = match report.verdict {
        TestVerdict::Pass => "passed",
        TestVerdict::Fail => "failed",
    };
    format!("{verdict}: {}\n\n{}", words(&report.summary), bullets(&report.failures)).trim_end().to_owned()
}

/// What a fix must mend: whatever checks of the whole found and was not mended yet.
pub(super) fn failure(state: &ExecutionState, lane: &LanePlan, material: &Material) -> Option<Part> {
    // Ids of this form are given by the engine only, to sub-tasks that mend what a check found.
    if !lane.subtask.as_ref()?.as_str().starts_with("fix-") {
        return None;
    }
    let whole = &state.whole;
    let mut found = Vec::new();
    if let Some(run) = given_after(material).or(whole.tests.as_ref()).filter(|run| !run.passed()) {
        found.push(format!("## Tests\n\n{}", told(run)));
    }
    if let Some(report) = whole.report.as_ref().filter(|report| report.verdict == TestVerdict::Fail) {
        found.push(format!(
            "## The tester's report\n\n{}\n\n{}",
            words(&report.summary),
            bullets(&report.failures)
        ));
    }
    if let Some(review) =
        whole.review.as_ref().filter(|review| review.verdict == ReviewVerdict::RequestChanges)
    {
        found.push(format!("## The review of the whole\n\n{}", reviewed(review)));
    }
    Part::new("What was found on the merged whole", &found.join("\n\n"), FAILURE_BYTES)
}

fn given_after(material: &Material) -> Option<&TestRun> {
    material.tests.as_ref().filter(|run| run.stage == TestStage::After)
}

fn told(run: &TestRun) -> String {
    let limit = if run.passed() { PASSED_BYTES } else { FAILED_BYTES };
    let verdict = if run.passed() { "passed" } else { "failed" };
    let output = plain(&run.output);
    let output = bound(output.trim_matches('\n'), limit);
    let output = if output.trim().is_empty() { "(no output)" } else { &output };
    format!("`{}` {verdict}, {}.\n\n{}", run.command, run.ended, fenced("", output))
}

fn source(source: CommandSource) -> &'static str {
    match source {
        CommandSource::Person => "given by a person",
        CommandSource::Detected => "found in the repository",
        CommandSource::Plan => "from the plan",
    }
}
