//! `squad worker`: takes up whatever is unfinished.

use crate::cli::Global;
use crate::context::Context;
use crate::error::CliError;
use crate::exit::Exit;
use crate::output;
use clap::Args;
use tokio_util::sync::CancellationToken;

const EXAMPLES: &str = "\
Examples:
  squad worker
  squad worker --parallel 8 --database-url postgres://squad@db/squad";

/// Drive whatever is unfinished, until it is told to end
///
/// Several workers may share one database: each execution has one at a time, and a worker that dies loses its
/// executions to the others within seconds. What waits for a person costs no worker.
///
/// Ctrl-C or SIGTERM ends it with status 0: what it works on is handed over at once, and goes on elsewhere where it was.
/// A second one ends it without waiting for that.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Worker {
    /// Executions to drive at once
    #[arg(long, value_name = "N", default_value_t = 4)]
    parallel: usize,
}

impl Worker {
    pub(crate) async fn execute(self, global: &Global) -> Result<Exit, CliError> {
        let mut interrupted = super::follow::interrupts()?;
        let context = Context::new(global, Vec::new())?;
        let engine = context.engine(context.loaded.config.sandbox).await?;
        let stop = CancellationToken::new();
        let working = tokio::spawn({
            let (engine, stop) = (engine.clone(), stop.clone());
            async move { engine.work(self.parallel, stop).await }
        });
        output::remark(&format!("worker {} is working; end it with Ctrl-C", engine.worker()));
        tokio::pin!(working);
        loop {
            tokio::select! {
                ended = &mut working => {
                    ended.expect("the worker does not panic")?;
                    return Ok(Exit::Completed);
                }
                Some(()) = interrupted.recv() => {
                    if stop.is_cancelled() {
                        return Ok(Exit::Completed);
                    }
                    stop.cancel();
                    output::remark("handing over what it works on; once more to leave at once");
                }
            }
        }
    }
}
