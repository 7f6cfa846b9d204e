//! `squad migrate`: the tables.

use crate::cli::Global;
use crate::context::Context;
use crate::error::CliError;
use crate::exit::Exit;
use crate::output::{self, json};
use clap::Args;
use serde_json::json;

const EXAMPLES: &str = "\
Examples:
  squad migrate
  squad migrate --database-url postgres://squad@db/squad";

/// Bring the database's tables to this version; the other commands do so, too
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Migrate {}

impl Migrate {
    pub(crate) async fn execute(self, global: &Global) -> Result<Exit, CliError> {
        let context = Context::new(global, Vec::new())?;
        context.storage().await?.close().await;
        let text = if context.json {
            json::line(&json!({ "migrated": true }))
        } else {
            "the database is up to date\n".to_owned()
        };
        output::print(&text);
        Ok(Exit::Completed)
    }
}
