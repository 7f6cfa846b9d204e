//! `squad admin users`.

use super::{MOST, now, table};
use crate::context::Context;
use crate::error::CliError;
use crate::exit::Exit;
use clap::Args;
use serde_json::json;

/// List the accounts
#[derive(Debug, Args)]
pub(super) struct Users {}

impl Users {
    pub(super) async fn execute(self, context: &Context) -> Result<Exit, CliError> {
        let users = context.existing().await?.users_overview(now(), MOST).await?;
        let rows: Vec<_> = users
            .into_iter()
            .map(|user| {
                vec![
                    json!(user.email),
                    json!(user.name),
                    json!(user.verified),
                    json!(user.organizations),
                    json!(user.sessions),
                    json!(user.id),
                ]
            })
            .collect();
        let columns = ["email", "name", "verified", "organizations", "sessions", "id"];
        table::print(context, &columns, &rows, "nobody has an account yet; start with `squad up`");
        Ok(Exit::Completed)
    }
}
