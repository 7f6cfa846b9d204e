//! `squad list`: one row per execution.

use super::{clean, json, style};
use serde::Serialize;
use squad_domain::Timestamp;
use squad_domain::execution::Status;
use squad_domain::money::MicroUsd;
use squad_engine::report::words;
use unicode_width::UnicodeWidthStr as _;

/// An execution as a list shows it.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Row {
    /// The whole id.
    pub(crate) execution_id: String,
    /// What people type.
    pub(crate) short_id: String,
    /// Where it stands.
    pub(crate) status: Status,
    /// Why.
    pub(crate) reason: String,
    /// Whether a person paused it.
    pub(crate) paused: bool,
    /// Who has it.
    pub(crate) worker: Option<String>,
    /// The task's title.
    pub(crate) title: String,
    /// The repository.
    pub(crate) repository: String,
    /// The branch, once it is delivered.
    pub(crate) branch: Option<String>,
    /// What it has cost.
    #[serde(rename = "cost_usd", serialize_with = "dollars")]
    pub(crate) cost: MicroUsd,
    /// When it was asked for.
    #[serde(with = "time::serde::rfc3339")]
    pub(crate) created_at: Timestamp,
    /// When something last happened.
    #[serde(with = "time::serde::rfc3339")]
    pub(crate) updated_at: Timestamp,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "the shape that serde asks for")]
fn dollars<S: serde::Serializer>(cost: &MicroUsd, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_f64(cost.dollars())
}

/// One JSON object per line.
pub(crate) fn to_json(rows: &[Row]) -> String {
    rows.iter().map(json::line).collect()
}

/// What is said where nothing was started.
pub(crate) fn nothing_yet() -> String {
    "nothing yet; start with `squad demo`, or `squad run --repo . --task \"…\"`\n".to_owned()
}

/// A table, as wide as the terminal.
pub(crate) fn to_table(rows: &[Row], now: Timestamp, width: usize) -> String {
    if rows.is_empty() {
        return nothing_yet();
    }
    let ago = |row: &Row| {
        let ms = u64::try_from((now - row.updated_at).whole_milliseconds()).unwrap_or(0);
        // Seconds are enough where people look at minutes.
        format!("{} ago", words::duration(ms / 1_000 * 1_000))
    };
    let states: Vec<String> = rows.iter().map(state).collect();
    let ages: Vec<String> = rows.iter().map(ago).collect();
    let costs: Vec<String> = rows.iter().map(|row| row.cost.to_string()).collect();
    let widest = |texts: &[String]| texts.iter().map(|text| text.width()).max().unwrap_or(0);
    let (state_width, cost_width, age_width) = (widest(&states), widest(&costs), widest(&ages));
    let mut table = String::new();
    for (((row, state), cost), age) in rows.iter().zip(&states).zip(&costs).zip(&ages) {
        let (_, colour) = style::status(row.status);
        let used = 8 + 2 + state_width + 2 + cost_width + 2 + age_width + 2;
        let title = clean::fit(&row.title, width.saturating_sub(used).max(20));
        table.push_str(&format!(
            "{}  {}  {}  {}  {title}\n",
            style::paint(style::STRONG, &row.short_id),
            style::paint(colour, &clean::pad(state, state_width)),
            clean::pad(cost, cost_width),
            style::paint(style::QUIET, &clean::pad(age, age_width)),
        ));
    }
    table
}

fn state(row: &Row) -> String {
    let (sign, _) = style::status(row.status);
    let note = match (row.paused, row.status.is_terminal() || row.status == Status::Blocked, &row.worker) {
        (true, ..) => ", paused",
        (false, false, None) => ", no worker",
        _ => "",
    };
    format!("{sign} {}{note}", words::status(row.status))
}
