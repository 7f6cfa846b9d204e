//! `squad pause`: not now.

use super::input::Desk;
use crate::cli::Global;
use crate::error::CliError;
use crate::exit::Exit;
use clap::Args;
use squad_engine::Input;

const EXAMPLES: &str = "\
Examples:
  squad pause
  squad pause 3f9a1c02";

/// Pause an execution: what is under way ends, nothing new starts, until `squad resume`
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Pause {
    /// The execution: its id or a part of it; the only unfinished one if you leave it out
    id: Option<String>,
}

impl Pause {
    pub(crate) async fn execute(self, global: &Global) -> Result<Exit, CliError> {
        let desk = Desk::open(global, self.id.as_deref()).await?;
        let done = format!("paused; let it go on with `squad resume {}`", desk.id.short());
        desk.say(Input::Pause, &done).await
    }
}
