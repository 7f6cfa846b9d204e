//! Lists for a terminal or for a program.

use crate::context::Context;
use crate::output::{self, clean, json};
use serde_json::{Map, Value};

/// Prints rows: as a table with these columns, or as one JSON object for each.
pub(super) fn print(context: &Context, columns: &[&str], rows: &[Vec<Value>], none: &str) {
    if context.json {
        let lines = rows.iter().map(|row| {
            let object: Map<String, Value> =
                columns.iter().map(|name| (*name).to_owned()).zip(row.iter().cloned()).collect();
            json::line(&object)
        });
        output::print(&lines.collect::<String>());
    } else if rows.is_empty() {
        output::print(&format!("{none}\n"));
    } else {
        output::print(&table(columns, rows));
    }
}

fn table(columns: &[&str], rows: &[Vec<Value>]) -> String {
    let cell = |value: &Value| match value {
        Value::String(text) => clean::line(text),
        Value::Array(items) => {
            clean::line(&items.iter().filter_map(Value::as_str).collect::<Vec<_>>().join(", "))
        }
        Value::Null => "–".to_owned(),
        other => other.to_string(),
    };
    let shown: Vec<Vec<String>> =
        std::iter::once(columns.iter().map(|name| name.replace('_', " ")).collect())
            .chain(rows.iter().map(|row| row.iter().map(cell).collect()))
            .collect();
    let width = |column: usize| shown.iter().map(|row| row[column].chars().count()).max().unwrap_or(0);
    let widths: Vec<usize> = (0..columns.len()).map(width).collect();
    let line = |row: &Vec<String>| {
        let cells: Vec<String> =
            row.iter().zip(&widths).map(|(cell, width)| format!("{cell:<width$}")).collect();
        format!("{}\n", cells.join("  ").trim_end())
    };
    shown.iter().map(line).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn columns_line_up_and_nothing_of_a_stranger_moves_the_cursor() {
        let rows = vec![vec![json!("ada@example.com"), json!(2)], vec![json!("\u{1b}[2Jeve"), json!(null)]];
        insta::assert_snapshot!(table(&["email", "sessions"], &rows), @r"
        email            sessions
        ada@example.com  2
        eve              –
        ");
    }
}
