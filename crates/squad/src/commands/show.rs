//! `squad show`: one execution, and why it does not move.

use crate::cli::Global;
use crate::context::Context;
use crate::error::CliError;
use crate::exit::Exit;
use crate::output::clean;
use crate::output::show::View;
use crate::output::waiting::Holder;
use crate::output::{self, json};
use crate::pick;
use clap::Args;
use serde_json::json;
use squad_engine::report::Report;
use squad_engine::{Changes, Clock as _, SystemClock};

const EXAMPLES: &str = "\
Examples:
  squad show                       # the only unfinished execution
  squad show 3f9a1c02 --events     # with its whole timeline
  squad show 3f9a1c02 --diff       # what it changed
  squad show 3f9a1c02 --markdown > report.md";

/// Show an execution: state, plan, members, costs, timeline, diff, and why it isn't moving
///
/// For everything that waits it says the cause, since when, and the command that resolves it.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Show {
    /// The execution: its id or a part of it; the only unfinished one if you leave it out
    id: Option<String>,
    /// The whole timeline, not only its latest lines
    #[arg(long)]
    events: bool,
    /// Only the change: every line of it, as a diff
    #[arg(long, conflicts_with_all = ["events", "markdown"])]
    diff: bool,
    /// Only the report, as Markdown
    #[arg(long, conflicts_with = "events")]
    markdown: bool,
}

impl Show {
    pub(crate) async fn execute(self, global: &Global) -> Result<Exit, CliError> {
        let context = Context::new(global, Vec::new())?;
        let desk = context.desk().await?;
        let id = pick::execution(desk.storage(), self.id.as_deref()).await?;
        let (state, events) = desk.load(id).await?;
        if self.markdown {
            let report = Report::build(id, &state, &events).to_markdown();
            output::print(&only(&context, "markdown", report));
            return Ok(Exit::Completed);
        }
        if self.diff {
            let changes = desk.changes(id).await?.ok_or_else(|| {
                CliError::Usage(format!("execution {} has changed nothing yet", id.short()))
            })?;
            output::print(&only(&context, "diff", diff(&changes)));
            return Ok(Exit::Completed);
        }
        let now = SystemClock::default().now();
        let lease = desk.storage().execution(id).await?.and_then(|row| row.lease);
        let holder = lease.map(|lease| Holder { alive: lease.until > now, worker: lease.owner });
        let view = View {
            id,
            state: &state,
            events: &events,
            holder: holder.as_ref(),
            now,
            all_events: self.events,
            width: output::width(),
        };
        output::print(&if context.json { view.to_json() } else { view.render()? });
        Ok(Exit::Completed)
    }
}

/// The diff for a terminal.
fn diff(changes: &Changes) -> String {
    let mut text = clean::text(&changes.diff);
    if changes.truncated {
        text.push_str("… the diff is longer; see the branch for all of it\n");
    }
    text
}

/// One text, as it is or as a JSON object with one key.
fn only(context: &Context, key: &str, text: String) -> String {
    if context.json { json::line(&json!({ key: text })) } else { text }
}
