//! `squad up`: everything in one process, for one machine.

use super::serve::Reach;
use crate::cli::Global;
use crate::context::Context;
use crate::error::CliError;
use crate::exit::Exit;
use crate::output;
use crate::server::Server;
use clap::Args;
use std::process::{Command, Stdio};

const EXAMPLES: &str = "\
Examples:
  squad up
  squad up --no-open --listen 127.0.0.1:8080";

/// Start everything on this machine: the server, a worker and an embedded database
///
/// Opens the browser where there is one. Needs no other service; `squad serve` has the same with more to choose.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Up {
    #[command(flatten)]
    reach: Reach,
    /// Leave the browser alone
    #[arg(long)]
    no_open: bool,
}

/// Executions that one machine drives at once.
const PARALLEL: usize = 4;

impl Up {
    pub(crate) async fn execute(self, global: &Global) -> Result<Exit, CliError> {
        let context = Context::new(global, self.reach.flags())?;
        let server = Server::start(&context, Some(PARALLEL)).await?;
        output::remark(&format!("Agent Squad is up at {}; end it with Ctrl-C", server.url()));
        if !self.no_open && context.is_interactive() {
            open(server.url());
        }
        server.run().await
    }
}

/// Asks the desktop to show the page. Where there is none, the address was printed.
fn open(url: &str) {
    for program in ["xdg-open", "open"] {
        let mut command = Command::new(program);
        command.arg(url).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        if command.spawn().is_ok() {
            return;
        }
    }
}
