//! JSON lines: a contract. One object per line, nothing else on standard output.

use serde::Serialize;
use squad_domain::execution::Event;
use squad_engine::report::Report;

/// Anything as one line.
pub(crate) fn line(value: &impl Serialize) -> String {
    let text = serde_json::to_string(value).expect("our own types are JSON");
    format!("{text}\n")
}

/// An event: `{"seq", "at", "actor", "kind", "payload"}`.
pub(crate) fn event(event: &Event) -> String {
    line(event)
}

/// The last line of a run.
#[derive(Debug, Serialize)]
struct Outcome<'a> {
    kind: &'static str,
    status: &'static str,
    execution_id: String,
    branch: Option<&'a str>,
    commit: Option<&'a str>,
    cost_usd: f64,
    tests: TestsOutcome<'a>,
}

#[derive(Debug, Serialize)]
struct TestsOutcome<'a> {
    command: Option<&'a str>,
    exit_code: Option<i32>,
}

/// The last line of a run. `tests` is the engine's last run on the result; before there is one, only the command.
pub(crate) fn result(report: &Report) -> String {
    let after = report.tests.after.as_ref();
    let known = report.tests.command.as_ref().map(|test| test.command.as_str());
    line(&Outcome {
        kind: "result",
        status: report.status.slug(),
        execution_id: report.execution_id.to_string(),
        branch: report.delivery.as_ref().map(|delivery| delivery.branch.as_str()),
        commit: report.delivery.as_ref().map(|delivery| delivery.commit.as_str()),
        cost_usd: report.total.cost.dollars(),
        tests: TestsOutcome {
            command: after.map(|run| run.command.as_str()).or(known),
            exit_code: after.and_then(|run| run.exit_code),
        },
    })
}
