//! A bounded outline of the repository for a member's first prompt.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::ops::ControlFlow;
use std::path::Path;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::error::Result;
use crate::files::{Enter, Root, Size, Walk};
use crate::repository::blocking;

/// More files than this are summed up without being looked at.
const FILE_LIMIT: usize = 50_000;
const TIME_LIMIT: Duration = Duration::from_secs(10);
/// Guidance beyond this crowds out the task.
const GUIDANCE_LIMIT: usize = 16 << 10;
const README_LIMIT: usize = 2 << 10;

/// An outline. Its text form is what a model reads.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RepositoryMap {
    /// Folders and files with sizes, as many as fit the budget.
    pub outline: String,
    /// Files that are not ignored.
    pub files: usize,
    /// The beginning of the README, where there is one.
    pub readme: Option<String>,
}

impl std::fmt::Display for RepositoryMap {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        writeln!(f, "{} files:\n{}", self.files, self.outline)?;
        match &self.readme {
            Some(readme) => writeln!(f, "The README begins:\n{readme}"),
            None => Ok(()),
        }
    }
}

/// Outlines the files of a folder that git does not ignore, within `budget` bytes of text.
///
/// # Errors
/// When the folder cannot be read.
pub async fn map(folder: &Path, budget: usize) -> Result<RepositoryMap> {
    let folder = folder.to_owned();
    blocking(move || {
        let root = Root::open(&folder, None, None)?;
        let mut tree = Folder::default();
        Walk::new(TIME_LIMIT).run(&root, &[], &mut |seen| {
            if !seen.is_folder && !seen.ignored {
                tree.insert(seen.path, seen.size);
            }
            if tree.files < FILE_LIMIT { ControlFlow::Continue(Enter::Yes) } else { ControlFlow::Break(()) }
        })?;
        let readme = ["README.md", "README.rst", "README.txt", "README", "readme.md"]
            .iter()
            .find_map(|name| root.peek(name, README_LIMIT as u64));
        let outline = tree.outline(budget.saturating_sub(readme.as_ref().map_or(0, String::len)));
        Ok(RepositoryMap { outline, files: tree.files, readme })
    })
    .await
}

/// The project's own guidance for agents: the root's `AGENTS.md`, at most 16 KiB of it.
///
/// # Errors
/// When the folder cannot be read.
pub async fn guidance(folder: &Path) -> Result<Option<String>> {
    let folder = folder.to_owned();
    blocking(move || {
        let root = Root::open(&folder, None, None)?;
        let text =
            ["AGENTS.md", "agents.md"].iter().find_map(|name| root.peek(name, GUIDANCE_LIMIT as u64 + 1));
        Ok(text.filter(|text| !text.trim().is_empty()).map(|text| cut(text, GUIDANCE_LIMIT)))
    })
    .await
}

fn cut(mut text: String, limit: usize) -> String {
    if text.len() > limit {
        text.truncate(text.floor_char_boundary(limit));
        text.push_str("\n… (cut here)");
    }
    text
}

/// A folder with what lies below it.
#[derive(Default)]
struct Folder {
    folders: BTreeMap<String, Folder>,
    own: BTreeMap<String, u64>,
    files: usize,
    bytes: u64,
}

impl Folder {
    fn insert(&mut self, path: &str, size: u64) {
        self.files += 1;
        self.bytes += size;
        match path.split_once('/') {
            Some((folder, rest)) => self.folders.entry(folder.to_owned()).or_default().insert(rest, size),
            None => {
                self.own.insert(path.to_owned(), size);
            }
        }
    }

    /// The deepest outline that fits: level by level, folders that are not opened are summed up.
    fn outline(&self, budget: usize) -> String {
        let mut best = String::new();
        for depth in 0..32 {
            let mut text = String::new();
            let cut = self.write(&mut text, 0, depth);
            if text.len() > budget {
                break;
            }
            best = text;
            if !cut {
                break;
            }
        }
        if best.is_empty() && self.files > 0 {
            // Not even the first level fits: its beginning still tells what kind of project this is.
            self.write(&mut best, 0, 0);
            best = cut(best, budget);
        }
        best
    }

    /// Returns whether something was summed up.
    fn write(&self, text: &mut String, level: usize, depth: usize) -> bool {
        let indent = "  ".repeat(level);
        let mut summed = false;
        for (name, folder) in &self.folders {
            if level < depth {
                let _ = writeln!(text, "{indent}{name}/");
                summed |= folder.write(text, level + 1, depth);
            } else {
                let _ = writeln!(text, "{indent}{name}/ ({} files, {})", folder.files, Size(folder.bytes));
                summed = true;
            }
        }
        for (name, size) in &self.own {
            let _ = writeln!(text, "{indent}{name} ({})", Size(*size));
        }
        summed
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn project(files: &[(&str, &str)]) -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        for (path, content) in files {
            let path = folder.path().join(path);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, content).unwrap();
        }
        folder
    }

    #[tokio::test]
    async fn the_outline_goes_as_deep_as_the_budget_allows() {
        let folder = project(&[
            ("README.md", "# Hello\n"),
            ("src/a/one.rs", "1"),
            ("src/a/two.rs", "22"),
            (".gitignore", "/target\n"),
            ("target/big", "x"),
        ]);
        let full = map(folder.path(), 4096).await.unwrap();
        assert_eq!((full.files, full.readme.as_deref()), (4, Some("# Hello\n")));
        assert_eq!(
            full.outline,
            "src/\n  a/\n    one.rs (1 B)\n    two.rs (2 B)\n.gitignore (8 B)\nREADME.md (8 B)\n"
        );
        let short = map(folder.path(), 64).await.unwrap();
        assert_eq!(short.outline, "src/ (2 files, 3 B)\n.gitignore (8 B)\nREADME.md (8 B)\n");
        assert!(map(folder.path(), 20).await.unwrap().outline.starts_with("src/"));
    }

    #[tokio::test]
    async fn guidance_is_the_root_agents_file_and_bounded() {
        let folder = project(&[("AGENTS.md", &"ä".repeat(20_000)), ("sub/AGENTS.md", "no")]);
        let text = guidance(folder.path()).await.unwrap().unwrap();
        assert!(text.len() < GUIDANCE_LIMIT + 40 && text.ends_with("(cut here)"));
        assert_eq!(guidance(project(&[("AGENTS.md", " \n")]).path()).await.unwrap(), None);
    }
}
