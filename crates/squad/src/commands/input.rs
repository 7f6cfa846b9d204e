//! What people say to an execution from a second terminal.

use crate::cli::Global;
use crate::context::Context;
use crate::error::CliError;
use crate::exit::Exit;
use crate::output::{self, json};
use crate::pick;
use serde_json::json;
use squad_domain::execution::ExecutionState;
use squad_domain::ids::ExecutionId;
use squad_engine::{Engine, Input};

/// An execution that somebody speaks to.
pub(super) struct Desk {
    pub(super) context: Context,
    pub(super) engine: Engine,
    pub(super) id: ExecutionId,
    pub(super) state: ExecutionState,
}

impl Desk {
    /// Opens the execution that `text` names.
    pub(super) async fn open(global: &Global, text: Option<&str>) -> Result<Self, CliError> {
        let context = Context::new(global, Vec::new())?;
        let engine = context.desk().await?;
        let id = pick::execution(engine.storage(), text).await?;
        let (state, _) = engine.load(id).await?;
        Ok(Self { context, engine, id, state })
    }

    /// Hands the input over, and says what was done.
    pub(super) async fn say(self, input: Input, done: &str) -> Result<Exit, CliError> {
        let state = self.engine.input(self.id, &self.context.person, input).await?;
        let short = self.id.short();
        if self.context.json {
            output::print(&json::line(&json!({
                "execution_id": self.id.to_string(),
                "status": state.status,
                "paused": state.paused,
                "seq": state.seq,
            })));
            return Ok(Exit::Completed);
        }
        output::print(&format!("{done} (execution {short})\n"));
        if !state.status.is_terminal() && !state.paused {
            let row = self.engine.storage().execution(self.id).await?;
            if row.is_some_and(|row| row.lease.is_none()) {
                output::print(&format!("nobody works on it right now; go on with: squad resume {short}\n"));
            }
        }
        Ok(Exit::Completed)
    }
}
