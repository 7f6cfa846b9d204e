//! `squad admin reset-password`.

use super::{account, password_link};
use crate::context::Context;
use crate::error::CliError;
use crate::exit::Exit;
use crate::output::{self, json};
use clap::Args;
use serde_json::json;

/// Print a link with which somebody chooses a new password
///
/// The link is good once, for 24 hours. Nothing changes until it is used; then all of their sessions end.
#[derive(Debug, Args)]
pub(super) struct ResetPassword {
    /// The address of the account
    #[arg(value_name = "ADDRESS")]
    email: String,
}

impl ResetPassword {
    pub(super) async fn execute(self, context: &Context) -> Result<Exit, CliError> {
        let storage = context.existing().await?;
        let user = account(&storage, &self.email).await?;
        let link = password_link(context, &storage, &user).await?;
        output::print(&if context.json { json::line(&json!({ "link": link })) } else { format!("{link}\n") });
        Ok(Exit::Completed)
    }
}
