//! `squad message`: steer.

use super::input::Desk;
use crate::cli::Global;
use crate::error::CliError;
use crate::exit::Exit;
use clap::Args;
use squad_engine::Input;

const EXAMPLES: &str = "\
Examples:
  squad message 3f9a1c02 \"prefer small commits\"
  squad message 3f9a1c02 --to Bea \"the fixtures are in test/data\"";

/// Tell the squad or a member something; it is read before the next step
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Message {
    /// The execution: its id or a part of it
    id: String,
    /// Whom: a member's name or role; everyone if you leave it out
    #[arg(long, value_name = "MEMBER")]
    to: Option<String>,
    /// What
    text: String,
}

impl Message {
    pub(crate) async fn execute(self, global: &Global) -> Result<Exit, CliError> {
        if self.text.trim().is_empty() {
            return Err(CliError::Usage("the message is empty; say something".to_owned()));
        }
        let desk = Desk::open(global, Some(&self.id)).await?;
        let done = format!("told {}", self.to.as_deref().unwrap_or("everyone"));
        desk.say(Input::Message { to: self.to, content: self.text }, &done).await
    }
}
