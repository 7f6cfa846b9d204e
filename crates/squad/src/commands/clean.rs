//! `squad clean`: gives back the disk that executions which have ended still hold.

use crate::cli::Global;
use crate::context::Context;
use crate::error::CliError;
use crate::exit::Exit;
use crate::output;
use crate::output::held::{Held, to_json, to_table};
use crate::pick;
use clap::Args;
use squad_domain::ids::ExecutionId;
use squad_storage::{ExecutionRow, Storage, StorageError};
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;

const EXAMPLES: &str = "\
Examples:
  squad clean                 # what could be deleted, and how much that frees
  squad clean --all           # delete it
  squad clean 3f9a1c02";

/// Delete the files of executions that failed or were cancelled
///
/// These are private clones and worktrees in the data folder. Log, report and costs stay, and so does every branch that
/// was delivered; the change of an execution that delivered none is gone then. Without an id and without `--all` it only
/// shows what there is. An unfinished execution is never touched.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Clean {
    /// The executions: their ids or parts of them
    #[arg(conflicts_with = "all")]
    ids: Vec<String>,
    /// All that have ended
    #[arg(long)]
    all: bool,
}

impl Clean {
    pub(crate) async fn execute(self, global: &Global) -> Result<Exit, CliError> {
        let context = Context::new(global, Vec::new())?;
        let engine = match context.desk().await {
            Err(CliError::Storage(StorageError::Missing { .. })) if context.is_default_place() => {
                output::print(&if context.json { String::new() } else { to_table(&[], output::width()) });
                return Ok(Exit::Completed);
            }
            other => other?,
        };
        let rows = if self.ids.is_empty() {
            ended(engine.storage(), &context.data_dir).await?
        } else {
            named(engine.storage(), &self.ids).await?
        };
        let delete = self.all || !self.ids.is_empty();
        let mut all = Vec::new();
        for row in rows {
            let bytes = held(&folder(&context.data_dir, row.id));
            if delete {
                engine.remove_files(row.id).await?;
            }
            all.push(Held::new(&row, bytes, delete));
        }
        output::print(&if context.json { to_json(&all) } else { to_table(&all, output::width()) });
        Ok(Exit::Completed)
    }
}

fn folder(data: &Path, id: ExecutionId) -> std::path::PathBuf {
    data.join("executions").join(id.to_string())
}

/// Those that have ended and still have files. A folder that this database does not know may be another one's.
async fn ended(storage: &Storage, data: &Path) -> Result<Vec<ExecutionRow>, CliError> {
    let mut ids: Vec<ExecutionId> = std::fs::read_dir(data.join("executions"))
        .into_iter()
        .flatten()
        .filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok())
        .collect();
    ids.sort_unstable();
    let mut rows = Vec::new();
    for id in ids {
        rows.extend(storage.execution(id).await?.filter(|row| row.status.is_terminal()));
    }
    Ok(rows)
}

/// Those that a person names, all of which must have ended.
async fn named(storage: &Storage, ids: &[String]) -> Result<Vec<ExecutionRow>, CliError> {
    let mut rows: Vec<ExecutionRow> = Vec::new();
    for text in ids {
        let id = pick::execution(storage, Some(text)).await?;
        let Some(row) = storage.execution(id).await? else { continue };
        if !row.status.is_terminal() {
            let short = id.short();
            return Err(CliError::Usage(format!(
                "execution {short} is unfinished and needs its files; end it first with `squad cancel {short}`"
            )));
        }
        if rows.iter().all(|known| known.id != id) {
            rows.push(row);
        }
    }
    Ok(rows)
}

/// Bytes on the disk that deleting a folder gives back: objects that the user's repository has, too, cost nothing.
fn held(folder: &Path) -> u64 {
    let mut bytes = 0;
    let mut waiting = vec![folder.to_owned()];
    while let Some(folder) = waiting.pop() {
        // What cannot be looked into is not counted; deleting it will say why.
        for entry in std::fs::read_dir(&folder).into_iter().flatten().flatten() {
            let Ok(metadata) = entry.metadata() else { continue };
            if metadata.is_dir() {
                waiting.push(entry.path());
            }
            if metadata.is_dir() || metadata.nlink() == 1 {
                // POSIX counts in units of 512 bytes here, whatever the filesystem's own block is.
                bytes += metadata.blocks() * 512;
            }
        }
    }
    bytes
}
