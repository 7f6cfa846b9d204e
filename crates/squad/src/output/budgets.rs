//! `squad budget`: one row per budget.

use super::{clean, json, style};
use serde::Serialize;
use squad_domain::money::MicroUsd;
use squad_storage::BudgetRow;

/// A budget as people see it.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Row {
    /// `organization`, `squad`, `execution`, `member`.
    scope: &'static str,
    /// Whose.
    name: String,
    /// What may be spent; none: anything.
    limit_usd: Option<f64>,
    /// What settled calls cost.
    spent_usd: f64,
    /// What is set aside for calls that are under way.
    reserved_usd: f64,
    #[serde(skip)]
    amounts: (Option<MicroUsd>, MicroUsd, MicroUsd),
}

impl Row {
    /// A budget that nobody has set or spent from is empty.
    pub(crate) fn new(scope: &'static str, name: &str, row: Option<BudgetRow>) -> Self {
        let (limit, spent, reserved) =
            row.map_or((None, MicroUsd::ZERO, MicroUsd::ZERO), |row| (row.limit, row.spent, row.reserved));
        Self {
            scope,
            name: name.to_owned(),
            limit_usd: limit.map(MicroUsd::dollars),
            spent_usd: spent.dollars(),
            reserved_usd: reserved.dollars(),
            amounts: (limit, spent, reserved),
        }
    }
}

/// One JSON object per line.
pub(crate) fn to_json(rows: &[Row]) -> String {
    rows.iter().map(json::line).collect()
}

/// A line per budget.
pub(crate) fn to_table(rows: &[Row]) -> String {
    if rows.is_empty() {
        return "nothing was spent yet, and nothing is limited\n".to_owned();
    }
    let named: Vec<String> =
        rows.iter().map(|row| clean::line(format!("{} {}", row.scope, row.name).trim())).collect();
    let widest = named.iter().map(|name| name.chars().count()).max().unwrap_or(0);
    let mut table = String::new();
    for (row, name) in rows.iter().zip(&named) {
        let (limit, spent, reserved) = row.amounts;
        let of = limit.map_or("no limit".to_owned(), |limit| format!("of {limit}"));
        let held = if reserved == MicroUsd::ZERO { String::new() } else { format!(", {reserved} set aside") };
        let full = limit.is_some_and(|limit| spent + reserved >= limit);
        let text = format!("{spent} spent{held}, {of}");
        let text = if full { style::paint(style::BAD, &text) } else { text };
        table.push_str(&format!("{}  {text}\n", clean::pad(name, widest)));
    }
    table
}
