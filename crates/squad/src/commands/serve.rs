//! `squad serve`: the HTTP API, with or without a worker in the same process.

use crate::cli::Global;
use crate::config::Flag;
use crate::context::Context;
use crate::error::CliError;
use crate::exit::Exit;
use crate::output;
use crate::server::Server;
use clap::Args;

const EXAMPLES: &str = "\
Examples:
  squad serve
  squad serve --listen 0.0.0.0:7700 --public-url https://squad.example.com
  squad serve --no-worker --database-url postgres://squad@db/squad

Variables that hold secrets, and so are no configuration:
  SQUAD_MASTER_KEY       seals secrets in the database; without it, `master.key` in the data folder
  SQUAD_OLD_MASTER_KEYS  keys that sealed before, separated by commas
  SQUAD_SMTP_URL         `smtps://user:password@host:465`; without it, mails are written to the log";

/// Offer the product over HTTP: the API, its live streams and its documentation
///
/// The first account that is made owns the installation. A worker drives executions in the same process, unless
/// `--no-worker` leaves that to `squad worker` on the same database.
///
/// Ctrl-C or SIGTERM ends it with status 0: requests that are under way are answered, and executions are handed over.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Serve {
    #[command(flatten)]
    pub(super) reach: Reach,
    /// Drive nothing here
    #[arg(long)]
    no_worker: bool,
    /// Executions to drive at once
    #[arg(long, value_name = "N", default_value_t = 4)]
    parallel: usize,
}

/// How the server is reached.
#[derive(Debug, Args)]
pub(crate) struct Reach {
    /// The address and port to listen on; `127.0.0.1:7700` unless configured
    #[arg(long, value_name = "HOST:PORT")]
    listen: Option<String>,
    /// Where people reach it, where that is not the address itself: what links begin with
    #[arg(long, value_name = "URL")]
    public_url: Option<String>,
}

impl Reach {
    /// What is typed, as configuration.
    pub(super) fn flags(&self) -> Vec<Flag> {
        let flag = |name, key: &str, value: &Option<String>| {
            value.clone().map(|value| Flag {
                name,
                key: vec!["server".to_owned(), key.to_owned()],
                value: value.into(),
            })
        };
        [flag("--listen", "listen", &self.listen), flag("--public-url", "public_url", &self.public_url)]
            .into_iter()
            .flatten()
            .collect()
    }
}

impl Serve {
    pub(crate) async fn execute(self, global: &Global) -> Result<Exit, CliError> {
        let context = Context::new(global, self.reach.flags())?;
        let server = Server::start(&context, (!self.no_worker).then_some(self.parallel)).await?;
        output::remark(&format!("serving at {}; end it with Ctrl-C", server.url()));
        server.run().await
    }
}
