//! What differs between two trees.

use serde::{Deserialize, Serialize};

use super::Repository;
use crate::error::Result;
use crate::ids::TreeLike;

/// How a file changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ChangeKind {
    /// The file is new.
    Added,
    /// Its content or mode changed.
    Modified,
    /// It is gone.
    Deleted,
    /// It has another path, perhaps with changes.
    Renamed,
    /// It became a symbolic link, or the other way round.
    TypeChanged,
}

/// One changed file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Change {
    /// Path from the root (the new one of a rename); bytes that are not UTF-8 are replaced.
    pub path: String,
    /// The old path of a rename.
    pub old_path: Option<String>,
    /// How it changed.
    pub kind: ChangeKind,
    /// Lines added; 0 for binary files.
    pub added: u64,
    /// Lines removed; 0 for binary files.
    pub removed: u64,
    /// Whether git takes the content for binary.
    pub binary: bool,
}

impl std::fmt::Display for Change {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let letter = match self.kind {
            ChangeKind::Added => 'A',
            ChangeKind::Modified => 'M',
            ChangeKind::Deleted => 'D',
            ChangeKind::Renamed => 'R',
            ChangeKind::TypeChanged => 'T',
        };
        write!(f, "{letter} {}", self.path)?;
        if let Some(old) = &self.old_path {
            write!(f, " (was {old})")?;
        }
        if self.binary { f.write_str(" binary") } else { write!(f, " +{} -{}", self.added, self.removed) }
    }
}

/// A unified diff, perhaps cut.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Diff {
    /// The text; bytes that are not UTF-8 are replaced.
    pub text: String,
    /// Whether more follows beyond the limit.
    pub truncated: bool,
}

const QUIET: [&str; 4] = ["-r", "--no-ext-diff", "--no-textconv", "--ignore-submodules=none"];

impl Repository {
    /// The unified diff between two trees (or commits), of one file or folder or of everything, cut at `max_bytes` at the end of a line.
    ///
    /// # Errors
    /// When a tree is not in the repository.
    pub async fn diff(
        &self,
        from: &impl TreeLike,
        to: &impl TreeLike,
        path: Option<&str>,
        max_bytes: usize,
    ) -> Result<Diff> {
        let git = self.git();
        let mut command = git
            .command(["diff-tree", "-p", "-M", "--no-color"])
            .args(QUIET)
            .arg(from.object())
            .arg(to.object())
            .arg("--");
        if let Some(path) = path.filter(|path| !matches!(*path, "" | "." | "/")) {
            command = command.arg(format!(":(top,literal){}", path.trim_start_matches("./")));
        }
        let output = command.limit(max_bytes).run().await?;
        let mut kept = output.stdout.as_slice();
        if output.truncated {
            kept = &kept[..kept.iter().rposition(|byte| *byte == b'\n').map_or(0, |at| at + 1)];
        }
        Ok(Diff { text: String::from_utf8_lossy(kept).into_owned(), truncated: output.truncated })
    }

    /// The files that differ between two trees (or commits), with their line counts.
    ///
    /// # Errors
    /// When a tree is not in the repository.
    pub async fn changes(&self, from: &impl TreeLike, to: &impl TreeLike) -> Result<Vec<Change>> {
        let git = self.git();
        let command = git.command(["diff-tree", "--raw", "--numstat", "-z", "-M"]).args(QUIET);
        let output = command.arg(from.object()).arg(to.object()).arg("--").run().await?;
        Ok(parse_changes(&output.stdout))
    }
}

/// Reads `--raw --numstat -z`: first all raw records, then all counts in the same order.
pub(super) fn parse_changes(bytes: &[u8]) -> Vec<Change> {
    let lossy = |field: &[u8]| String::from_utf8_lossy(field).into_owned();
    let mut fields = bytes.split(|byte| *byte == 0).peekable();
    let mut changes = Vec::new();
    while let Some(raw) = fields.next_if(|field| field.starts_with(b":")) {
        let status = raw.rsplit(|byte| *byte == b' ').next().and_then(|field| field.first()).copied();
        let first = lossy(fields.next().unwrap_or_default());
        let (kind, old_path, path) = match status {
            Some(b'R') => (ChangeKind::Renamed, Some(first), lossy(fields.next().unwrap_or_default())),
            Some(b'A') => (ChangeKind::Added, None, first),
            Some(b'D') => (ChangeKind::Deleted, None, first),
            Some(b'T') => (ChangeKind::TypeChanged, None, first),
            _ => (ChangeKind::Modified, None, first),
        };
        changes.push(Change { path, old_path, kind, added: 0, removed: 0, binary: false });
    }
    for change in &mut changes {
        let Some(counts) = fields.next() else { break };
        let counts = String::from_utf8_lossy(counts);
        let mut numbers = counts.splitn(3, '\t');
        let (added, removed) = (numbers.next().unwrap_or_default(), numbers.next().unwrap_or_default());
        change.binary = added == "-";
        change.added = added.parse().unwrap_or(0);
        change.removed = removed.parse().unwrap_or(0);
        if change.old_path.is_some() {
            // A rename's two paths follow in fields of their own.
            fields.next();
            fields.next();
        }
    }
    changes
}
