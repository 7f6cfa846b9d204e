//! What a check of the whole found becomes a sub-task of its own: worked on, reviewed and merged as any other.

use squad_domain::execution::decide::FixCause;
use squad_domain::execution::{EventBody, ExecutionState, NewEvent, Status};
use squad_domain::plan::Subtask;
use squad_domain::role::Role;

pub(crate) fn fix(state: &ExecutionState, cause: FixCause) -> Vec<NewEvent> {
    let (title, found, reason) = match cause {
        FixCause::Review => (
            "Mend what the review of the whole found",
            review(state),
            "the review of the whole asks for changes",
        ),
        FixCause::Tests => ("Make the tests pass", tests(state), "the tests fail"),
        FixCause::Report => ("Mend what the tester found", report(state), "the tester found something"),
    };
    let subtask = Subtask {
        id: format!("fix-{}", state.fixes + 1).into(),
        title: title.to_owned(),
        description: found,
        role: mender(state),
        depends_on: Vec::new(),
        acceptance_criteria: vec![match cause {
            FixCause::Review => "every comment of the review is dealt with".to_owned(),
            FixCause::Tests => format!("`{}` ends with exit status 0", command(state)),
            FixCause::Report => "none of the failures can be reproduced".to_owned(),
        }],
    };
    let mut events = vec![NewEvent::engine(EventBody::SubtaskAdded { subtask, cause: reason.to_owned() })];
    if state.status != Status::InProgress {
        events.push(NewEvent::engine(EventBody::StateChanged {
            from: state.status,
            to: Status::InProgress,
            reason: reason.to_owned(),
        }));
    }
    events
}

fn review(state: &ExecutionState) -> String {
    let Some(review) = &state.whole.review else { return String::new() };
    let comments: Vec<String> = review
        .comments
        .iter()
        .map(|comment| format!("- `{}` line {}: {}", comment.path, comment.line, comment.body))
        .collect();
    format!("{}\n\n{}", review.summary, comments.join("\n"))
}

fn tests(state: &ExecutionState) -> String {
    let Some(run) = &state.whole.tests else { return String::new() };
    format!(
        "On the merged whole, `{}` ended with {}. What it printed:\n\n```\n{}\n```",
        run.command, run.ended, run.output
    )
}

fn report(state: &ExecutionState) -> String {
    let Some(report) = &state.whole.report else { return String::new() };
    let failures: Vec<String> = report.failures.iter().map(|failure| format!("- {failure}")).collect();
    format!("{}\n\n{}", report.summary, failures.join("\n"))
}

fn command(state: &ExecutionState) -> &str {
    state.whole.tests.as_ref().map_or("the test command", |run| run.command.as_str())
}

/// Whoever merged last knows the code best; anybody else who develops is next.
fn mender(state: &ExecutionState) -> Role {
    let authors = state.subtasks.iter().rev().filter_map(|subtask| subtask.assignee.as_ref());
    let mut roles = authors.filter_map(|name| state.member(name)).map(|member| member.role);
    roles.find(|role| role.is_developer()).unwrap_or(Role::BackendDeveloper)
}
