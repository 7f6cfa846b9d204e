//! `squad resume`: goes on where it was.

use super::follow;
use crate::cli::Global;
use crate::context::Context;
use crate::error::CliError;
use crate::exit::Exit;
use crate::leftovers;
use crate::pick;
use clap::Args;
use squad_domain::execution::Status;
use squad_engine::Input;
use squad_sandbox::TierChoice;

const EXAMPLES: &str = "\
Examples:
  squad resume              # the latest unfinished execution
  squad resume 3f9a1c02";

/// Take up an execution where it was, or let a paused one go on
///
/// Everything is as it was when it was started: task, squad, models, limits. Only keys are read again from the
/// environment. No finished model call is paid again, no finished tool call is repeated. It prints as `squad run` does;
/// with `--json` the whole log from its first event.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Resume {
    /// The execution: its id or a part of it; the latest unfinished one if you leave it out
    id: Option<String>,
}

impl Resume {
    pub(crate) async fn execute(self, global: &Global) -> Result<Exit, CliError> {
        let context = Context::new(global, Vec::new())?;
        let desk = context.desk().await?;
        let id = match &self.id {
            Some(text) => pick::execution(desk.storage(), Some(text)).await?,
            None => pick::latest_unfinished(desk.storage()).await?,
        };
        let (state, _) = desk.load(id).await?;
        if state.status.is_terminal() {
            if state.status == Status::Completed {
                // Who asks for it need not wait until the lease of a worker that died at its very end runs out.
                let _ = desk.remove_files(id).await;
            }
            leftovers::remove(&desk, &context.data_dir).await;
            return follow::watch(&context, &desk, id, state.seq).await;
        }
        let tier: TierChoice =
            state.spec.sandbox.parse().map_err(|error| CliError::Usage(format!("{error}")))?;
        // What it was started with holds, `none` too: it was a person's explicit flag then.
        let engine = context.engine(tier).await?;
        if state.paused {
            engine.input(id, &context.person, Input::Resume).await?;
        }
        follow::drive(&context, &engine, id).await
    }
}
