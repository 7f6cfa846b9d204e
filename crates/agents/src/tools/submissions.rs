//! What ends a duty must say something: an empty hand-over would only be found out one step later, by somebody else.

use std::collections::BTreeSet;

use serde::Deserialize;
use serde_json::Value;
use squad_domain::execution::ExecutionState;
use squad_domain::plan::{Analysis, Plan, Subtask};
use squad_domain::review::{Review, ReviewComment, ReviewVerdict, TestReport, TestVerdict};
use squad_domain::role::Role;
use squad_domain::tool::ToolName;

use super::Control;
use super::parse::{told, typed};
use crate::text::one_line;

/// Reads one of the `submit_…` tools.
pub(super) fn read(state: &ExecutionState, tool: ToolName, arguments: Value) -> Result<Control, String> {
    match tool {
        ToolName::SubmitAnalysis => analysis(typed(arguments)?).map(Control::SubmitAnalysis),
        ToolName::SubmitPlan => plan(state, typed(arguments)?).map(Control::SubmitPlan),
        ToolName::SubmitWork => {
            let WorkArguments { summary } = typed(arguments)?;
            Ok(Control::SubmitWork { summary: told("summary", summary)? })
        }
        ToolName::SubmitReview => review(typed(arguments)?).map(Control::SubmitReview),
        ToolName::SubmitTestReport => report(typed(arguments)?).map(Control::SubmitTestReport),
        _ => Err(format!("`{tool}` hands nothing over")),
    }
}

/// The entries that say something.
pub(super) fn filled(entries: Vec<String>) -> Vec<String> {
    entries.into_iter().filter(|entry| !entry.trim().is_empty()).collect()
}

#[derive(Deserialize)]
struct WorkArguments {
    summary: String,
}

fn analysis(given: Analysis) -> Result<Analysis, String> {
    let acceptance_criteria = filled(given.acceptance_criteria);
    if acceptance_criteria.is_empty() {
        return Err(
            "`acceptance_criteria` is empty: name at least one behaviour that can be checked at the end"
                .to_owned(),
        );
    }
    Ok(Analysis {
        summary: told("summary", given.summary)?,
        acceptance_criteria,
        risks: filled(given.risks),
        questions: filled(given.questions),
    })
}

#[derive(Deserialize)]
struct PlanArguments {
    subtasks: Vec<SubtaskArguments>,
    test_command: String,
}

#[derive(Deserialize)]
struct SubtaskArguments {
    id: String,
    title: String,
    description: String,
    role: String,
    depends_on: Vec<String>,
    acceptance_criteria: Vec<String>,
}

/// A known role that nobody in the squad has is fine: the work goes to the nearest one.
fn plan(state: &ExecutionState, given: PlanArguments) -> Result<Plan, String> {
    let mut subtasks = Vec::new();
    for (index, subtask) in given.subtasks.into_iter().enumerate() {
        let place = |name: &str| format!("subtasks[{index}].{name}");
        subtasks.push(Subtask {
            id: subtask.id.trim().into(),
            title: told(&place("title"), subtask.title)?.trim().to_owned(),
            description: told(&place("description"), subtask.description)?,
            role: role(state, &subtask.role).map_err(|reason| format!("`{}`: {reason}", place("role")))?,
            depends_on: filled(subtask.depends_on).iter().map(|id| id.trim().into()).collect(),
            acceptance_criteria: filled(subtask.acceptance_criteria),
        });
    }
    let plan = Plan { subtasks, test_command: given.test_command.trim().to_owned() };
    plan.check().map_err(|error| error.to_string())?;
    Ok(plan)
}

/// A role in any spelling, or the name of a member who has it.
fn role(state: &ExecutionState, text: &str) -> Result<Role, String> {
    let squad = &state.spec.squad;
    if let Some(member) = squad.find(text, None) {
        return Ok(member.role);
    }
    text.parse().map_err(|_| {
        let roles: BTreeSet<&str> = squad.members.iter().map(|member| member.role.slug()).collect();
        let roles: Vec<String> = roles.into_iter().map(|role| format!("`{role}`")).collect();
        format!("`{}` is not a role; in this squad there are {}", one_line(text, 40), roles.join(", "))
    })
}

#[derive(Deserialize)]
struct ReviewArguments {
    verdict: ReviewVerdict,
    summary: String,
    #[serde(default)]
    comments: Vec<CommentArguments>,
}

#[derive(Deserialize)]
struct CommentArguments {
    path: String,
    line: i64,
    body: String,
}

fn review(given: ReviewArguments) -> Result<Review, String> {
    let mut comments = Vec::new();
    for (index, comment) in given.comments.into_iter().enumerate() {
        comments.push(ReviewComment {
            path: told(&format!("comments[{index}].path"), comment.path)?
                .trim()
                .trim_start_matches("./")
                .to_owned(),
            // What concerns a whole file stands at its first line.
            line: u32::try_from(comment.line.max(1)).unwrap_or(u32::MAX),
            body: told(&format!("comments[{index}].body"), comment.body)?,
        });
    }
    if given.verdict == ReviewVerdict::RequestChanges && comments.is_empty() {
        return Err(
            "`request_changes` needs at least one entry in `comments`: path, line, and what would be right"
                .to_owned(),
        );
    }
    Ok(Review { verdict: given.verdict, summary: told("summary", given.summary)?, comments })
}

fn report(given: TestReport) -> Result<TestReport, String> {
    let failures = filled(given.failures);
    match (given.verdict, failures.len()) {
        (TestVerdict::Fail, 0) => {
            return Err(
                "`fail` needs at least one entry in `failures`: what was done, expected and observed"
                    .to_owned(),
            );
        }
        (TestVerdict::Pass, 1..) => {
            return Err(
                "`pass` contradicts what stands in `failures`: submit `fail`, or tell faults that were there before in `summary`"
                    .to_owned(),
            );
        }
        _ => {}
    }
    Ok(TestReport { verdict: given.verdict, summary: told("summary", given.summary)?, failures })
}
