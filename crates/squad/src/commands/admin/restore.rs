//! `squad admin restore`.

use crate::context::Context;
use crate::error::CliError;
use crate::exit::Exit;
use crate::output;
use clap::Args;
use squad_storage::{Storage, sqlite_url};
use std::path::{Path, PathBuf};

const EXAMPLES: &str = "\
Examples:
  squad admin restore squad-backup.db --data-dir /srv/squad";

/// Put a copy in the place of the data folder's database
///
/// For SQLite, with the server and all workers ended. The database that was there is put aside, not deleted.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Restore {
    /// The file that `squad admin backup` wrote
    #[arg(value_name = "FILE")]
    file: PathBuf,
}

impl Restore {
    pub(super) async fn execute(self, context: &Context) -> Result<Exit, CliError> {
        if context.loaded.config.database_url.is_some() {
            return Err(CliError::Usage(
                "a database by URL is restored with its own tools; leave `database_url` out to restore the data folder's own"
                    .to_owned(),
            ));
        }
        // Reads it as a database of ours before anything is touched.
        let copy = Storage::open(&sqlite_url(&self.file)).await?;
        copy.migrate().await?;
        copy.close().await;
        // Makes the folder where it is missing.
        context.database_url()?;
        let place = context.data_dir.join("squad.db");
        if let Ok(running) = Storage::open(&sqlite_url(&place)).await {
            // Brings what is in the log of the old database into its file, so that one file is all of it.
            running.close().await;
        }
        let aside = put_aside(&place)?;
        std::fs::copy(&self.file, &place).map_err(failed("write", &place))?;
        output::print(&match aside {
            Some(aside) => format!("restored; what was there is {}\n", aside.display()),
            None => "restored\n".to_owned(),
        });
        Ok(Exit::Completed)
    }
}

fn failed<'a>(action: &'static str, path: &'a Path) -> impl FnOnce(std::io::Error) -> CliError + 'a {
    move |source| CliError::File { action, path: path.to_owned(), source }
}

/// Renames the database with what belongs to it. Tells its new name.
fn put_aside(place: &Path) -> Result<Option<PathBuf>, CliError> {
    if !place.exists() {
        return Ok(None);
    }
    let free = |number: &u32| !place.with_extension(format!("db.before-restore-{number}")).exists();
    let number = (1..).find(free).unwrap_or(0);
    let aside = place.with_extension(format!("db.before-restore-{number}"));
    std::fs::rename(place, &aside).map_err(failed("put aside", place))?;
    for ending in ["db-wal", "db-shm"] {
        let beside = place.with_extension(ending);
        if beside.exists() {
            std::fs::remove_file(&beside).map_err(failed("remove", &beside))?;
        }
    }
    Ok(Some(aside))
}
