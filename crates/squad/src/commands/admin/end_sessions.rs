//! `squad admin end-sessions`.

use super::{account, now};
use crate::context::Context;
use crate::error::CliError;
use crate::exit::Exit;
use crate::output::{self, json};
use clap::Args;
use serde_json::json;
use squad_storage::SessionEnd;

/// Sign somebody out everywhere, at once
#[derive(Debug, Args)]
pub(super) struct EndSessions {
    /// The address of the account
    #[arg(value_name = "ADDRESS")]
    email: String,
}

impl EndSessions {
    pub(super) async fn execute(self, context: &Context) -> Result<Exit, CliError> {
        let storage = context.existing().await?;
        let user = account(&storage, &self.email).await?;
        let ended = storage.end_sessions(user.id, None, SessionEnd::SignedOut, now()).await?;
        output::print(&if context.json {
            json::line(&json!({ "ended": ended }))
        } else {
            format!("{ended} sessions ended\n")
        });
        Ok(Exit::Completed)
    }
}
