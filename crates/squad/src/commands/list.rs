//! `squad list`: the executions.

use crate::cli::Global;
use crate::context::Context;
use crate::error::CliError;
use crate::exit::Exit;
use crate::output;
use crate::output::list::{Row, nothing_yet, to_json, to_table};
use clap::Args;
use squad_engine::{Clock as _, SystemClock};
use squad_storage::{ExecutionFilter, ExecutionRow, StorageError};

const EXAMPLES: &str = "\
Examples:
  squad list
  squad list --unfinished
  squad list --json | jq -r .execution_id";

/// List executions, the latest first
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct List {
    /// Only those that have not ended
    #[arg(long)]
    unfinished: bool,
    /// How many, at most
    #[arg(long, value_name = "N", default_value_t = 20)]
    limit: u64,
}

impl List {
    pub(crate) async fn execute(self, global: &Global) -> Result<Exit, CliError> {
        let context = Context::new(global, Vec::new())?;
        let storage = match context.existing().await {
            // Who has only just installed it did nothing wrong.
            Err(CliError::Storage(StorageError::Missing { .. })) if context.is_default_place() => {
                output::print(&if context.json { to_json(&[]) } else { nothing_yet() });
                return Ok(Exit::Completed);
            }
            other => other?,
        };
        let filter = ExecutionFilter { unfinished: self.unfinished, ..ExecutionFilter::default() };
        let now = SystemClock::default().now();
        let shown = |row: ExecutionRow| Row {
            execution_id: row.id.to_string(),
            short_id: row.id.short(),
            status: row.status,
            reason: row.reason,
            paused: row.paused,
            worker: row.lease.filter(|lease| lease.until > now).map(|lease| lease.owner),
            title: row.title,
            repository: row.repository,
            branch: row.branch,
            cost: row.cost,
            created_at: row.created_at,
            updated_at: row.updated_at,
        };
        let rows: Vec<Row> = storage.executions(self.limit, filter).await?.into_iter().map(shown).collect();
        let text = if context.json { to_json(&rows) } else { to_table(&rows, now, output::width()) };
        output::print(&text);
        Ok(Exit::Completed)
    }
}
