//! How a user's checkout stands: what in it the work will not see. It is told, and never touched.

use std::path::{Path, PathBuf};
use std::time::Duration;

use super::import::{ATTRIBUTES, LocalRepository, head};
use crate::git::{Git, Trust};

/// Nobody waits longer for a remark, however large the checkout is.
const PATIENCE: Duration = Duration::from_secs(20);
/// Files that are named; the rest is counted.
const NAMED: usize = 3;
/// Enough for the names of some ten thousand files.
const LISTING: usize = 1 << 20;

/// What git is in the middle of: the file or folder that says so, and what it means for the work.
const UNDER_WAY: &[(&str, &str)] = &[
    (
        "rebase-merge",
        "a rebase is in progress in the repository: the work starts from the commit that it has reached so far",
    ),
    (
        "rebase-apply",
        "a rebase is in progress in the repository: the work starts from the commit that it has reached so far",
    ),
    (
        "MERGE_HEAD",
        "a merge is in progress in the repository: the work starts from its last commit, without the merge",
    ),
    (
        "CHERRY_PICK_HEAD",
        "a cherry-pick is in progress in the repository: the work starts from its last commit, without what is being picked",
    ),
    (
        "REVERT_HEAD",
        "a revert is in progress in the repository: the work starts from its last commit, without the revert",
    ),
    (
        "BISECT_LOG",
        "a bisection is in progress in the repository: the work starts from the commit that it has checked out",
    ),
];

impl LocalRepository {
    /// What a person should know of the checkout, in full sentences. `scratch` is a folder that may be written to.
    pub(super) async fn standing(&self, scratch: &Path) -> Vec<String> {
        let mut notes = Vec::new();
        let under_way = UNDER_WAY.iter().find(|(name, _)| self.git_dir.join(name).exists());
        let rebasing = under_way.is_some_and(|(name, _)| name.starts_with("rebase") || *name == "BISECT_LOG");
        notes.extend(under_way.map(|(_, said)| (*said).to_owned()));
        let Some(top) = &self.top_level else { return notes };
        let Ok(Some(head)) = head(&Git::at(&self.git_dir)).await else { return notes };
        if !rebasing && head.branch.is_none() {
            let short: String = head.commit.as_str().chars().take(10).collect();
            notes.push(format!(
                "`HEAD` is detached: the work starts from commit {short}, whatever your branches point to"
            ));
        }
        let changed = uncommitted(self, top, head.commit.as_str(), scratch).await.unwrap_or_default();
        notes.extend(left_out(&changed));
        notes
    }
}

fn left_out(changed: &[String]) -> Option<String> {
    let (count, named) = (changed.len(), changed.iter().take(NAMED));
    let named: Vec<String> = named.map(|path| format!("`{path}`")).collect();
    let more = if count > NAMED { ", …" } else { "" };
    match count {
        0 => None,
        1 => Some(format!(
            "1 file is changed or new and not committed ({}): it is not part of the work, which starts from the last commit",
            named.join(", ")
        )),
        _ => Some(format!(
            "{count} files or folders are changed or new and not committed ({}{more}): they are not part of the work, which starts from the last commit",
            named.join(", ")
        )),
    }
}

/// The paths that differ from the last commit; `None` where nobody can tell in time.
///
/// git would run the repository's own filters to compare files, so it compares in a git folder of our own, with a copy
/// of the user's index, the user's objects, and attributes that switch every filter off.
async fn uncommitted(local: &LocalRepository, top: &Path, head: &str, scratch: &Path) -> Option<Vec<String>> {
    let shadow = tempfile::tempdir_in(scratch).ok()?;
    let excludes = excludes(local).await;
    lay_out(shadow.path(), local, head, &excludes).ok()?;
    let query = [
        "status",
        "--porcelain",
        "-z",
        "--no-renames",
        "--untracked-files=normal",
        "--ignore-submodules=all",
    ];
    let git = Git::at(shadow.path()).with_work_tree(top);
    let listing = git
        .command(query)
        .env("GIT_OBJECT_DIRECTORY", local.common_dir.join("objects"))
        .limit(LISTING)
        .timeout(PATIENCE)
        .run()
        .await
        .ok()?;
    Some(paths(&listing.stdout))
}

/// The paths of `git status --porcelain -z` without renames: `XY <path>`, each ended by a NUL.
pub(super) fn paths(listing: &[u8]) -> Vec<String> {
    let path = |entry: &[u8]| entry.get(3..).map(|path| String::from_utf8_lossy(path).into_owned());
    listing.split(|byte| *byte == 0).filter(|entry| entry.len() > 3).filter_map(path).collect()
}

fn lay_out(shadow: &Path, local: &LocalRepository, head: &str, excludes: &[u8]) -> std::io::Result<()> {
    for folder in ["refs", "objects", "info"] {
        std::fs::create_dir(shadow.join(folder))?;
    }
    let long = if head.len() == 64 { "[extensions]\n\tobjectFormat = sha256\n" } else { "" };
    std::fs::write(shadow.join("config"), format!("[core]\n\trepositoryFormatVersion = 1\n{long}"))?;
    std::fs::write(shadow.join("HEAD"), format!("{head}\n"))?;
    std::fs::write(shadow.join("info/attributes"), ATTRIBUTES)?;
    std::fs::write(shadow.join("info/exclude"), excludes)?;
    for entry in std::fs::read_dir(&local.git_dir)? {
        let entry = entry?;
        let name = entry.file_name();
        // An index may be split into two files.
        if name == "index" || name.as_encoded_bytes().starts_with(b"sharedindex.") {
            let copy = shadow.join(name);
            std::fs::copy(entry.path(), &copy)?;
            // By its time git tells which files may have changed since without showing it.
            std::fs::File::options().write(true).open(copy)?.set_modified(entry.metadata()?.modified()?)?;
        }
    }
    Ok(())
}

/// What the user and the repository ignore beside the `.gitignore` files: editors' leftovers are no work.
async fn excludes(local: &LocalRepository) -> Vec<u8> {
    let query = ["config", "--global", "--path", "--get", "core.excludesFile"];
    let said = Git::bare().command(query).trust(Trust::User).line().await.ok();
    let usual = || {
        let folder = std::env::var_os("XDG_CONFIG_HOME").map(PathBuf::from);
        let home = || std::env::var_os("HOME").map(|home| Path::new(&home).join(".config"));
        folder.or_else(home).map(|folder| folder.join("git/ignore"))
    };
    let own = said.filter(|path| !path.is_empty()).map(PathBuf::from).or_else(usual);
    let mut text = own.and_then(|path| std::fs::read(path).ok()).unwrap_or_default();
    text.push(b'\n');
    text.extend(std::fs::read(local.common_dir.join("info/exclude")).unwrap_or_default());
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_read_whatever_they_hold() {
        assert_eq!(paths(b" M a b\0?? new\nline/\0UU \xff\0"), ["a b", "new\nline/", "\u{fffd}"]);
        assert_eq!(paths(b""), Vec::<String>::new());
        assert_eq!(paths(b"??\0 M\0"), Vec::<String>::new());
    }

    #[test]
    fn many_are_counted_and_few_are_named() {
        let names = |count: usize| (0..count).map(|number| format!("f{number}")).collect::<Vec<_>>();
        assert_eq!(left_out(&[]), None);
        assert!(left_out(&names(1)).unwrap().starts_with("1 file is"), "one");
        let five = left_out(&names(5)).unwrap();
        assert!(five.starts_with("5 files") && five.contains("(`f0`, `f1`, `f2`, …)"), "{five}");
    }
}
