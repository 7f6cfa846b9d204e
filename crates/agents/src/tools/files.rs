//! The file tools: `squad-workspace` does the work and guards the paths.

use squad_sandbox::WORKSPACE_INSIDE;
use squad_workspace::files::{FileContent, SearchRequest};

use super::paths::{is_test_path, normal};
use super::perform::RESULT_BYTES;
use super::{Invocation, Outcome, Surroundings};

pub(super) async fn perform(
    invocation: &Invocation,
    around: &Surroundings<'_>,
) -> squad_workspace::Result<Outcome> {
    let tools = around.workspace.files(Some(WORKSPACE_INSIDE))?;
    let policy = around.policy();
    if let Some(refusal) = changed_path(invocation).and_then(|path| refusal(path, around)) {
        return Ok(Outcome::error(refusal));
    }
    Ok(match invocation {
        Invocation::List { path, depth } => Outcome::told(tools.list(path, *depth, &policy).await?),
        Invocation::Read { path, start_line, end_line } => {
            Outcome::told(page(tools.read(path, *start_line, *end_line, &policy).await?))
        }
        Invocation::Search { pattern, glob, max_results } => {
            let request =
                SearchRequest { pattern: pattern.clone(), glob: glob.clone(), max_results: *max_results };
            Outcome::told(tools.search(request, &policy).await?)
        }
        Invocation::Edit { path, old_text, new_text, replace_all } => {
            Outcome::changed(tools.edit(path, old_text, new_text, *replace_all, &policy).await?)
        }
        Invocation::Write { path, content } => Outcome::changed(tools.write(path, content, &policy).await?),
        Invocation::Delete { path } => {
            tools.delete(path, &policy).await?;
            Outcome::changed(format!("deleted `{path}`"))
        }
        other => Outcome::error(format!("this is no file tool: {other:?}")),
    })
}

/// As many lines as fit a result: a file whose middle is missing would be read again, one that ends early is read on.
fn page(mut content: FileContent) -> FileContent {
    if let FileContent::Text(text) = &mut content {
        let number = (text.start_line + text.lines.len()).to_string().len() + 2;
        let mut room = RESULT_BYTES - 300;
        let fits = text.lines.iter().take_while(|line| {
            let length = line.len() + number;
            let fits = length <= room;
            room = room.saturating_sub(length);
            fits
        });
        let fitting = fits.count();
        if fitting < text.lines.len() {
            text.lines.truncate(fitting.max(1));
            text.truncated = true;
        }
    }
    content
}

/// The path that a call wants to change.
fn changed_path(invocation: &Invocation) -> Option<&str> {
    match invocation {
        Invocation::Edit { path, .. } | Invocation::Write { path, .. } | Invocation::Delete { path } => {
            Some(path)
        }
        _ => None,
    }
}

/// Why a path is beyond a tester's reach. What leads out of the workspace is left to the file tools.
fn refusal(path: &str, around: &Surroundings<'_>) -> Option<String> {
    let refused = around.test_paths_only() && normal(path).is_some_and(|path| !is_test_path(&path));
    refused.then(|| {
        format!(
            "you may not change `{path}`: in this duty only test files and their fixtures may be changed, by the conventions of the \
             project's language (`tests/`, `*.test.ts`, `test_*.py`, `*_test.go`, …); a fault in the product belongs into the test report"
        )
    })
}
