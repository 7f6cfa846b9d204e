//! `squad config`: what holds, and where it comes from.

use crate::cli::Global;
use crate::config::KEYS;
use crate::context::Context;
use crate::error::CliError;
use crate::exit::Exit;
use crate::output::{self, clean, json, style};
use clap::{Args, Subcommand};

const EXAMPLES: &str = "\
Examples:
  squad config show
  SQUAD_BUDGET=3 squad config show --json";

/// Show the configuration and where each value comes from
///
/// `squad.toml` is looked for in your configuration folder, then in the current folder and its parents up to the root of
/// the repository; then `SQUAD_*` variables count, then flags. The later one wins, key by key.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES, arg_required_else_help = true)]
pub(crate) struct Config {
    #[command(subcommand)]
    command: ConfigCommand,
}

#[derive(Debug, Subcommand)]
enum ConfigCommand {
    /// Print every value with its source; keys are never among them
    #[command(after_help = keys_help())]
    Show,
}

/// The keys as the help lists them.
fn keys_help() -> String {
    let mut text = "Keys of squad.toml (SQUAD_BUDGET sets `budget`, SQUAD_LIMITS__TEST_SECONDS sets `limits.test_seconds`):\n".to_owned();
    for key in KEYS {
        text.push_str(&format!("  {}  {}\n", clean::pad(key.name, 14), key.about.trim()));
    }
    text
}

impl Config {
    pub(crate) fn execute(self, global: &Global) -> Result<Exit, CliError> {
        let ConfigCommand::Show = self.command;
        let context = Context::new(global, Vec::new())?;
        let settings = context.loaded.settings();
        if context.json {
            settings.iter().for_each(|setting| output::print(&json::line(setting)));
            return Ok(Exit::Completed);
        }
        let widest = settings.iter().map(|setting| setting.key.chars().count()).max().unwrap_or(0);
        for setting in &settings {
            let value =
                setting.value.as_deref().map_or(String::new(), |value| format!("{}  ", clean::line(value)));
            output::print(&format!(
                "{}  {value}{}\n",
                clean::pad(&setting.key, widest),
                style::paint(style::QUIET, &format!("({})", setting.source))
            ));
        }
        for name in &context.loaded.ignored {
            output::remark(&format!(
                "`{name}` is set and means nothing; `squad config show --help` lists the keys"
            ));
        }
        Ok(Exit::Completed)
    }
}
