use std::fmt;
use std::ops::ControlFlow;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::walk::Enter;
use super::{PathPolicy, Result, Root, Walk};

/// More entries than this tell a model nothing that a narrower path would not.
const ENTRY_LIMIT: usize = 500;
const TIME_LIMIT: Duration = Duration::from_secs(10);

/// What an entry is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EntryKind {
    /// A regular file.
    File,
    /// A folder.
    Folder,
    /// A symbolic link, which tools do not follow.
    Link,
    /// A device, socket or pipe.
    Special,
}

/// One entry of a listing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Listed {
    /// Path from the repository's root.
    pub path: String,
    /// What it is.
    pub kind: EntryKind,
    /// Bytes, for files.
    pub size: u64,
    /// Whether git ignores it; ignored folders are not entered.
    pub ignored: bool,
}

/// The entries of a folder. Its text form is what a model reads.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Listing {
    /// The folder.
    pub path: String,
    /// Its entries, sorted.
    pub entries: Vec<Listed>,
    /// Whether there are more than were listed.
    pub truncated: bool,
}

pub(super) fn list(root: &Root, path: &str, depth: usize, policy: &PathPolicy) -> Result<Listing> {
    let path = root.parse(path)?;
    let policy = policy.compile()?;
    let depth = depth.clamp(1, 32);
    let mut entries = Vec::new();
    let complete = Walk::new(TIME_LIMIT).run(root, path.parts(), &mut |seen| {
        if policy.denies_folder(seen.path) || (!seen.is_folder && !policy.may_read(seen.path)) {
            return ControlFlow::Continue(Enter::No);
        }
        if entries.len() == ENTRY_LIMIT {
            return ControlFlow::Break(());
        }
        let kind = match seen {
            seen if seen.is_folder => EntryKind::Folder,
            seen if seen.is_link => EntryKind::Link,
            seen if seen.is_file => EntryKind::File,
            _ => EntryKind::Special,
        };
        let size = if kind == EntryKind::File { seen.size } else { 0 };
        entries.push(Listed { path: seen.path.to_owned(), kind, size, ignored: seen.ignored });
        ControlFlow::Continue(if seen.depth < depth { Enter::Yes } else { Enter::No })
    })?;
    Ok(Listing { path: path.to_string(), entries, truncated: !complete })
}

impl fmt::Display for Listing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.entries.is_empty() {
            return writeln!(f, "`{}` is empty", self.path);
        }
        for entry in &self.entries {
            let ignored = if entry.ignored { " (ignored by git)" } else { "" };
            match entry.kind {
                EntryKind::File => writeln!(f, "{} ({}){ignored}", entry.path, Size(entry.size))?,
                EntryKind::Folder => writeln!(f, "{}/{ignored}", entry.path)?,
                EntryKind::Link => writeln!(f, "{} (symbolic link){ignored}", entry.path)?,
                EntryKind::Special => writeln!(f, "{} (special file){ignored}", entry.path)?,
            }
        }
        if self.truncated {
            writeln!(f, "… and more; list a narrower path or a smaller depth")?;
        }
        Ok(())
    }
}

/// Bytes as people write them.
pub(crate) struct Size(pub(crate) u64);

impl fmt::Display for Size {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            bytes @ 0..1024 => write!(f, "{bytes} B"),
            bytes @ 1024..1_048_576 => write!(f, "{:.1} KiB", bytes as f64 / 1024.0),
            bytes => write!(f, "{:.1} MiB", bytes as f64 / 1_048_576.0),
        }
    }
}
