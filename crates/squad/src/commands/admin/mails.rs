//! `squad admin mails`.

use super::{MOST, table};
use crate::context::Context;
use crate::error::CliError;
use crate::exit::Exit;
use clap::Args;
use serde_json::json;

/// Show mails that were not sent: without a mail server, the links in them are here
///
/// They are kept for 24 hours. Whoever has a link can use it: do not leave them on a screen.
#[derive(Debug, Args)]
pub(super) struct Mails {}

impl Mails {
    pub(super) async fn execute(self, context: &Context) -> Result<Exit, CliError> {
        let mails = context.existing().await?.unsent_mails(MOST).await?;
        let link = |text: &str| text.lines().find(|line| line.contains("://")).map(str::to_owned);
        let rows: Vec<_> = mails
            .into_iter()
            .map(|row| {
                vec![
                    json!(row.mail.to),
                    json!(row.mail.subject),
                    json!(link(&row.mail.text)),
                    json!(row.error),
                ]
            })
            .collect();
        table::print(context, &["to", "subject", "link", "error"], &rows, "no mail waits to be sent");
        Ok(Exit::Completed)
    }
}
