//! `squad admin jobs`.

use super::{MOST, table};
use crate::context::Context;
use crate::error::CliError;
use crate::exit::Exit;
use clap::Args;
use serde_json::json;

/// Show jobs that were given up, with what went wrong at last
#[derive(Debug, Args)]
pub(super) struct Jobs {}

impl Jobs {
    pub(super) async fn execute(self, context: &Context) -> Result<Exit, CliError> {
        let jobs = context.existing().await?.dead_jobs(MOST).await?;
        let rows: Vec<_> = jobs
            .into_iter()
            .map(|job| {
                vec![
                    json!(job.name),
                    json!(job.at.format(&time::format_description::well_known::Rfc3339).unwrap_or_default()),
                    json!(job.attempts),
                    json!(job.org),
                    json!(job.payload),
                    json!(job.error),
                ]
            })
            .collect();
        let columns = ["name", "given_up_at", "attempts", "organization", "payload", "error"];
        table::print(context, &columns, &rows, "no job was given up");
        Ok(Exit::Completed)
    }
}
