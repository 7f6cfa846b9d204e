//! `squad admin backup`.

use crate::context::Context;
use crate::error::CliError;
use crate::exit::Exit;
use crate::output;
use clap::Args;
use std::path::PathBuf;

const EXAMPLES: &str = "\
Examples:
  squad admin backup squad-backup.db
  pg_dump --format custom squad > squad.dump        # where the database is Postgres";

/// Write a copy of the database, as of one moment, while everything goes on
///
/// For SQLite. Keep the master key (`SQUAD_MASTER_KEY`, or `master.key` in the data folder) with it, but apart: without it,
/// what is sealed in the copy cannot be opened. Private clones of executions under way are not in it; they are made anew.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Backup {
    /// The file to write; must not exist
    #[arg(value_name = "FILE")]
    file: PathBuf,
}

impl Backup {
    pub(super) async fn execute(self, context: &Context) -> Result<Exit, CliError> {
        if self.file.exists() {
            return Err(CliError::Usage(format!("`{}` exists; choose another name", self.file.display())));
        }
        let storage = context.existing().await?;
        if !storage.back_up(&self.file).await? {
            return Err(CliError::Usage(
                "this database is Postgres; back it up with `pg_dump`, which is safe while it runs"
                    .to_owned(),
            ));
        }
        output::print(&format!("written to {}\n", self.file.display()));
        Ok(Exit::Completed)
    }
}
