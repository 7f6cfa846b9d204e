//! The `squad` command: reads what is typed and configured, wires the rooms together, and shows what happens.

mod cli;
mod commands;
mod config;
mod context;
mod error;
mod exit;
#[cfg(test)]
mod fuzz;
mod leftovers;
mod master_key;
mod output;
mod pick;
mod server;
mod squads;

use clap::Parser as _;
use cli::Cli;
use exit::Exit;
use std::process::ExitCode;
use tracing_subscriber::EnvFilter;

fn main() -> ExitCode {
    // Before anything else, above all before any thread: this process may be a sandbox's launcher.
    if let Some(code) = squad_sandbox::launcher_main() {
        return code;
    }
    let cli = Cli::parse();
    log();
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => {
            output::remark(&format!("error: cannot start: {error}"));
            return Exit::Failed.into();
        }
    };
    // A run's exit status tells how the work ended, read or not; of all others, what they print is the work.
    let prints_only = !cli.command.follows();
    let exit = runtime.block_on(commands::execute(cli)).unwrap_or_else(|error| {
        output::remark(&format!("error: {error}"));
        error.exit()
    });
    let exit = if prints_only && exit == Exit::Completed && output::is_lost() { Exit::Failed } else { exit };
    // What still reads from a terminal or a pipe must not keep a finished command alive.
    runtime.shutdown_background();
    exit.into()
}

/// Diagnostics go to standard error, and only what is wrong unless `SQUAD_LOG` asks for more.
fn log() {
    let filter = EnvFilter::try_from_env("SQUAD_LOG").unwrap_or_else(|_| EnvFilter::new("error"));
    tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).init();
}
