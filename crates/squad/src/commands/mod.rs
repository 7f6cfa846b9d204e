//! One file per command: its flags, its help, what it does. A command wires; it decides nothing that the engine could.

pub(crate) mod admin;
pub(crate) mod answer;
pub(crate) mod approve;
pub(crate) mod budget;
pub(crate) mod cancel;
pub(crate) mod clean;
pub(crate) mod completions;
pub(crate) mod config;
pub(crate) mod demo;
pub(crate) mod doctor;
mod follow;
mod input;
pub(crate) mod list;
pub(crate) mod message;
pub(crate) mod migrate;
pub(crate) mod openapi;
pub(crate) mod pause;
pub(crate) mod reject;
mod reports;
pub(crate) mod resume;
pub(crate) mod retry;
pub(crate) mod run;
mod screen;
mod scripted;
pub(crate) mod serve;
pub(crate) mod show;
pub(crate) mod swap;
pub(crate) mod templates;
pub(crate) mod up;
pub(crate) mod watch;
pub(crate) mod worker;

use crate::cli::{Cli, Command};
use crate::error::CliError;
use crate::exit::Exit;
pub(crate) use follow::interrupts;

/// Does what was typed.
///
/// # Errors
/// What ended it before its work was done.
pub(crate) async fn execute(cli: Cli) -> Result<Exit, CliError> {
    let global = &cli.global;
    match cli.command {
        Command::Demo(command) => command.execute(global).await,
        Command::Run(command) => command.execute(global).await,
        Command::Resume(command) => command.execute(global).await,
        Command::List(command) => command.execute(global).await,
        Command::Show(command) => command.execute(global).await,
        Command::Watch(command) => command.execute(global).await,
        Command::Approve(command) => command.execute(global).await,
        Command::Reject(command) => command.execute(global).await,
        Command::Answer(command) => command.execute(global).await,
        Command::Retry(command) => command.execute(global).await,
        Command::Message(command) => command.execute(global).await,
        Command::Pause(command) => command.execute(global).await,
        Command::Cancel(command) => command.execute(global).await,
        Command::Budget(command) => command.execute(global).await,
        Command::Swap(command) => command.execute(global).await,
        Command::Clean(command) => command.execute(global).await,
        Command::Doctor(command) => command.execute(global).await,
        Command::Templates(command) => command.execute(global),
        Command::Config(command) => command.execute(global),
        Command::Up(command) => command.execute(global).await,
        Command::Serve(command) => command.execute(global).await,
        Command::Worker(command) => command.execute(global).await,
        Command::Migrate(command) => command.execute(global).await,
        Command::Admin(command) => command.execute(global).await,
        Command::Openapi(command) => command.execute(),
        Command::Completions(command) => Ok(command.execute()),
    }
}
