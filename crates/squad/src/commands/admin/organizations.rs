//! `squad admin organizations`.

use super::{MOST, table};
use crate::context::Context;
use crate::error::CliError;
use crate::exit::Exit;
use clap::Args;
use serde_json::json;

/// List the organizations
#[derive(Debug, Args)]
pub(super) struct Organizations {}

impl Organizations {
    pub(super) async fn execute(self, context: &Context) -> Result<Exit, CliError> {
        let organizations = context.existing().await?.organizations_overview(MOST).await?;
        let rows: Vec<_> = organizations
            .into_iter()
            .map(|org| {
                vec![
                    json!(org.name),
                    json!(org.owners),
                    json!(org.members),
                    json!(org.executions),
                    json!(org.id),
                ]
            })
            .collect();
        let columns = ["name", "owners", "members", "executions", "id"];
        table::print(context, &columns, &rows, "there is no organization yet; start with `squad up`");
        Ok(Exit::Completed)
    }
}
