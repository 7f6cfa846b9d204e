//! What ends a duty must say something: an empty hand-over would only be found out one step later, by somebody else.

use serde::Deserialize;
use serde_json::Value;
use squad_domain::plan::{Analysis, Plan};
use squad_domain::review::{Review, ReviewComment, ReviewVerdict, TestReport, TestVerdict};
use squad_domain::tool::ToolName;

use super::Control;
use super::parse::{told, typed};

/// Reads one of the `submit_…` tools.
pub(super) fn read(tool: ToolName, arguments: Value) -> Result<Control, String> {
    match tool {
        ToolName::SubmitAnalysis => analysis(typed(arguments)?).map(Control::SubmitAnalysis),
        ToolName::SubmitPlan => plan(typed(arguments)?).map(Control::SubmitPlan),
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

/// A role that is not in the squad is fine: the nearest one gets the work.
fn plan(mut given: Plan) -> Result<Plan, String> {
    for (index, subtask) in given.subtasks.iter_mut().enumerate() {
        for (name, text) in [("title", &subtask.title), ("description", &subtask.description)] {
            if text.trim().is_empty() {
                return Err(format!("`subtasks[{index}].{name}` is empty: it must be enough to work from"));
            }
        }
        subtask.id = subtask.id.as_str().trim().into();
        subtask.acceptance_criteria = filled(std::mem::take(&mut subtask.acceptance_criteria));
        subtask.depends_on = subtask.depends_on.iter().map(|id| id.as_str().trim().into()).collect();
        subtask.depends_on.retain(|id: &squad_domain::ids::SubtaskId| !id.as_str().is_empty());
    }
    given.test_command = given.test_command.trim().to_owned();
    given.check().map_err(|error| error.to_string())?;
    Ok(given)
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
        (TestVerdict::Pass, count @ 1..) => {
            return Err(format!(
                "`pass` contradicts the {count} entries in `failures`: submit `fail`, or tell faults that were there before in `summary`"
            ));
        }
        _ => {}
    }
    Ok(TestReport { verdict: given.verdict, summary: told("summary", given.summary)?, failures })
}
