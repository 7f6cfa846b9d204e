//! `squad cancel`: not any more.

use super::input::Desk;
use crate::cli::Global;
use crate::error::CliError;
use crate::exit::Exit;
use clap::Args;
use squad_engine::Input;

const EXAMPLES: &str = "\
Examples:
  squad cancel
  squad cancel 3f9a1c02 --reason \"the ticket was closed\"";

/// End an execution for good; it cannot be taken up again
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Cancel {
    /// The execution: its id or a part of it; the only unfinished one if you leave it out
    id: Option<String>,
    /// Why
    #[arg(long, value_name = "TEXT")]
    reason: Option<String>,
}

impl Cancel {
    pub(crate) async fn execute(self, global: &Global) -> Result<Exit, CliError> {
        let desk = Desk::open(global, self.id.as_deref()).await?;
        let reason = self.reason.unwrap_or_else(|| format!("{} cancelled it", desk.context.person));
        desk.say(Input::Cancel { reason }, "cancelled").await
    }
}
