//! The report as files, to attach to a pull request.

use crate::context::Context;
use crate::error::CliError;
use squad_engine::report::Report;
use std::path::PathBuf;

/// Writes the report as Markdown and as JSON, beside the database. Gives both paths.
///
/// # Errors
/// Where a file cannot be written.
pub(super) fn save(context: &Context, report: &Report) -> Result<(PathBuf, PathBuf), CliError> {
    let folder = context.data_dir.join("reports");
    let failed = |path: PathBuf| move |source| CliError::File { action: "write", path, source };
    std::fs::create_dir_all(&folder).map_err(failed(folder.clone()))?;
    let markdown = folder.join(format!("{}.md", report.execution_id));
    let json = folder.join(format!("{}.json", report.execution_id));
    std::fs::write(&markdown, report.to_markdown()).map_err(failed(markdown.clone()))?;
    let text = serde_json::to_string_pretty(report).expect("our own types are JSON");
    std::fs::write(&json, text + "\n").map_err(failed(json.clone()))?;
    Ok((markdown, json))
}
