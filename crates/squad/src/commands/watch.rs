//! `squad watch`: sees what another process does.

use super::follow;
use crate::cli::Global;
use crate::context::Context;
use crate::error::CliError;
use crate::exit::Exit;
use crate::pick;
use clap::Args;

const EXAMPLES: &str = "\
Examples:
  squad watch               # the only unfinished execution
  squad watch 3f9a1c02
  squad watch 3f9a1c02 --after 120 --json";

/// Follow an execution that runs elsewhere, from its beginning until it ends
///
/// Watching changes nothing: leave with Ctrl-C whenever you like. Answer its questions from another terminal, with
/// `squad approve`, `squad answer` and the others.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Watch {
    /// The execution: its id or a part of it; the only unfinished one if you leave it out
    id: Option<String>,
    /// Show only what comes after this event
    #[arg(long, value_name = "SEQ", default_value_t = 0)]
    after: u64,
}

impl Watch {
    pub(crate) async fn execute(self, global: &Global) -> Result<Exit, CliError> {
        let context = Context::new(global, Vec::new())?;
        let desk = context.desk().await?;
        let id = pick::execution(desk.storage(), self.id.as_deref()).await?;
        follow::watch(&context, &desk, id, self.after).await
    }
}
