//! `squad clean`: what executions hold of the disk, one row each.

use super::{clean, json, style};
use serde::Serialize;
use squad_domain::execution::Status;
use squad_engine::report::words;
use squad_storage::ExecutionRow;

/// The files of an execution that has ended.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Held {
    /// The whole id.
    execution_id: String,
    #[serde(skip)]
    short_id: String,
    /// How it ended.
    status: Status,
    /// The task's title.
    title: String,
    /// What its files hold of the disk.
    bytes: u64,
    /// Whether they are deleted.
    deleted: bool,
}

impl Held {
    pub(crate) fn new(row: &ExecutionRow, bytes: u64, deleted: bool) -> Self {
        let (execution_id, short_id) = (row.id.to_string(), row.id.short());
        Self { execution_id, short_id, status: row.status, title: row.title.clone(), bytes, deleted }
    }
}

/// One JSON object per line.
pub(crate) fn to_json(all: &[Held]) -> String {
    all.iter().map(json::line).collect()
}

/// A table, the sum, and what to do next.
pub(crate) fn to_table(all: &[Held], width: usize) -> String {
    if all.is_empty() {
        return "nothing to delete: no execution that has ended holds files\n".to_owned();
    }
    let mut table = String::new();
    for held in all {
        let (sign, colour) = style::status(held.status);
        let state = clean::pad(&format!("{sign} {}", words::status(held.status)), 11);
        let size = format!("{:>9}", size(held.bytes));
        let title = clean::fit(&held.title, width.saturating_sub(8 + 11 + 9 + 6).max(20));
        let id = style::paint(style::STRONG, &held.short_id);
        table.push_str(&format!("{id}  {}  {size}  {title}\n", style::paint(colour, &state)));
    }
    let sum = size(all.iter().map(|held| held.bytes).sum());
    table.push_str(&if all.iter().all(|held| held.deleted) {
        format!("deleted; {sum} are free again\n")
    } else {
        format!("{sum} in all; delete with: squad clean --all\n")
    });
    table
}

/// `0 B`, `12.3 MB`: in powers of ten, as disks are sold and `df -H` counts.
fn size(bytes: u64) -> String {
    let mut tenths = u128::from(bytes) * 10;
    for unit in ["B", "kB", "MB", "GB", "TB"] {
        if tenths < 10_000 || unit == "TB" {
            let point = if unit == "B" { String::new() } else { format!(".{}", tenths % 10) };
            return format!("{}{point} {unit}", tenths / 10);
        }
        tenths = tenths.div_ceil(1_000);
    }
    unreachable!("the last unit takes everything")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_short_whatever_they_are() {
        let sizes = [0, 999, 1_000, 12_345_678, 999_999_999, u64::MAX].map(size);
        assert_eq!(sizes, ["0 B", "999 B", "1.0 kB", "12.4 MB", "1.0 GB", "18446744.1 TB"]);
    }
}
