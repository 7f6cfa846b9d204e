//! Which execution, and which question, a person means.

use crate::error::CliError;
use squad_domain::execution::ExecutionState;
use squad_domain::ids::{ExecutionId, QuestionId};
use squad_domain::question::Question;
use squad_storage::{ExecutionFilter, ExecutionRow, Storage};

/// Executions that are named where a text fits several.
const NAMED: usize = 5;

/// The execution that a text names: a whole id, its last digits or its first ones. Without a text, the only one that has
/// not ended.
///
/// # Errors
/// Where it names none or several.
pub(crate) async fn execution(storage: &Storage, text: Option<&str>) -> Result<ExecutionId, CliError> {
    let Some(text) = text else { return only_unfinished(storage).await };
    let found = storage.find(text).await?;
    match found.as_slice() {
        [one] => Ok(one.id),
        [] => Err(CliError::Usage(format!(
            "there is no execution `{text}`; `squad list` shows those there are"
        ))),
        several => Err(CliError::Usage(format!("`{text}` may mean {}; type more of it", names(several)))),
    }
}

async fn only_unfinished(storage: &Storage) -> Result<ExecutionId, CliError> {
    let filter = ExecutionFilter { unfinished: true, ..ExecutionFilter::default() };
    let rows = storage.executions(NAMED as u64 + 1, filter).await?;
    match rows.as_slice() {
        [one] => Ok(one.id),
        [] => {
            Err(CliError::Usage("no execution is unfinished; name one, `squad list` shows them".to_owned()))
        }
        several => {
            Err(CliError::Usage(format!("several executions are unfinished: {}; name one", names(several))))
        }
    }
}

/// The latest execution that has not ended.
///
/// # Errors
/// Where there is none.
pub(crate) async fn latest_unfinished(storage: &Storage) -> Result<ExecutionId, CliError> {
    let filter = ExecutionFilter { unfinished: true, ..ExecutionFilter::default() };
    let rows = storage.executions(1, filter).await?;
    rows.first()
        .map(|row| row.id)
        .ok_or_else(|| CliError::Usage("no execution is unfinished; start one with `squad run`".to_owned()))
}

fn names(rows: &[ExecutionRow]) -> String {
    let mut names: Vec<String> = rows
        .iter()
        .take(NAMED)
        .map(|row| format!("`{}` ({})", row.id.short(), crate::output::clean::fit(&row.title, 40)))
        .collect();
    if rows.len() > NAMED {
        names.push("…".to_owned());
    }
    names.join(", ")
}

/// The open question that a person means: the one named, or the only one for which `fits` says that it takes such an answer.
///
/// # Errors
/// Where there is none or several.
pub(crate) fn question(
    state: &ExecutionState,
    id: ExecutionId,
    named: Option<&str>,
    fits: impl Fn(&Question) -> bool,
) -> Result<QuestionId, CliError> {
    if let Some(name) = named {
        return Ok(QuestionId(name.to_owned()));
    }
    let short = id.short();
    let open: Vec<&Question> =
        state.open_questions().filter(|question| question.waits_for_person() && fits(question)).collect();
    match open.as_slice() {
        [one] => Ok(one.id.clone()),
        [] => {
            let others: Vec<String> = state
                .open_questions()
                .filter(|question| question.waits_for_person())
                .flat_map(|question| crate::output::waiting::commands(question, &short))
                .collect();
            let hint = if others.is_empty() {
                format!("see `squad show {short}`")
            } else {
                format!("what is open takes: {}", others.join(" | "))
            };
            Err(CliError::Usage(format!("execution {short} asks nothing that this would answer; {hint}")))
        }
        several => {
            let ids: Vec<&str> = several.iter().map(|question| question.id.as_str()).collect();
            Err(CliError::Usage(format!(
                "execution {short} asks several questions: {}; name one, see `squad show {short}`",
                ids.join(", ")
            )))
        }
    }
}
