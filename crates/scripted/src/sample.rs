//! The sample project of the demonstration: a small shop in JavaScript with a real bug and a missing feature.
//!
//! It needs Node 20 or later and nothing else. Its own tests (`node --test`) fail for exactly the two things that
//! [`SAMPLE_TASK`] asks for.

use std::ffi::OsStr;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use include_dir::{Dir, include_dir};
use thiserror::Error;

static FILES: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/sample");

/// The command that tests the sample project.
pub const SAMPLE_TEST_COMMAND: &str = "node --test";

/// A piece of work for a squad.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ticket {
    /// One line.
    pub title: &'static str,
    /// What is wanted and how it shows, in Markdown.
    pub description: &'static str,
}

/// The ticket that the demonstration hands to its squad.
pub const SAMPLE_TASK: Ticket = Ticket {
    title: "Discount codes have no effect on the total, and the cart link needs an item count",
    description: "Customers report that a discount code is accepted but the total stays the same: \
two tea tins with `WELCOME10` still cost €32.00 instead of €28.80.

While we are at it: the cart link in the header should carry a badge with the number of items in the cart, \
readable by screen readers too. An empty cart shows no badge.

`test/totals.test.js` and `test/page.test.js` each have a failing test that shows what is meant.",
};

/// Why the sample project could not be written.
#[derive(Debug, Error)]
pub enum SampleError {
    /// The folder is in use.
    #[error("the folder `{0}` is not empty; name a new or an empty one for the sample project")]
    NotEmpty(PathBuf),
    /// A file could not be written.
    #[error(
        "cannot write `{path}` of the sample project ({source}); check the folder's permissions and free space"
    )]
    Write {
        /// The file or folder.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// Git could not be started.
    #[error("cannot start `git` ({0}); install git, or add it to the PATH")]
    NoGit(io::Error),
    /// Git failed.
    #[error("`git {command}` failed in the sample project: {stderr}")]
    Git {
        /// What was tried.
        command: String,
        /// What git says.
        stderr: String,
    },
}

/// One commit of the sample's history: the files that it adds, and its message.
struct Commit {
    date: &'static str,
    message: &'static str,
    adds: &'static [&'static str],
    /// What the added files said otherwise until the last commit, as `(path, now, then)`.
    still: &'static [(&'static str, &'static str, &'static str)],
}

/// How the bug came about: the cart once kept only the discount's value, and the totals still look for it.
const HISTORY: [Commit; 3] = [
    Commit {
        date: "2026-01-12T09:14:00+01:00",
        message: "Sell from a catalogue through a cart with discount codes",
        adds: &[
            ".gitignore",
            "AGENTS.md",
            "README.md",
            "package.json",
            "src/cart.js",
            "src/catalogue.js",
            "src/discounts.js",
            "src/totals.js",
            "test/catalogue.test.js",
        ],
        still: &[
            ("src/cart.js", "discount: null }", "discountCode: null, discountValue: 0 }"),
            (
                "src/cart.js",
                "  cart.discount = discount;\n",
                "  cart.discountCode = discount.code;\n  cart.discountValue = discount.value;\n",
            ),
        ],
    },
    Commit {
        date: "2026-01-20T16:41:00+01:00",
        message: "Serve the shop over HTTP with a page of its own",
        adds: &[
            "src/frontend/format.js",
            "src/frontend/page.js",
            "src/frontend/styles.js",
            "src/main.js",
            "src/shop.js",
            "test/shop.test.js",
        ],
        still: &[("src/shop.js", "cart.discount?.code ?? null", "cart.discountCode")],
    },
    Commit {
        date: "2026-02-03T11:05:00+01:00",
        message: "Keep the whole discount on the cart\n\n\
                  The page is going to show its code and its size. The tests for the discounted total and for the\n\
                  badge with the number of items fail for now.",
        adds: &[
            "src/cart.js",
            "src/shop.js",
            "test/cart.test.js",
            "test/page.test.js",
            "test/totals.test.js",
        ],
        still: &[],
    },
];

/// Writes the sample project into a new or empty folder and makes it a git repository with a short history on `main`.
/// The commits' ids are the same everywhere: neither the machine's git configuration nor its clock has a say. Blocks.
///
/// # Errors
///
/// If the folder is not empty or cannot be written, or git is missing or fails.
pub fn write_sample(dir: &Path) -> Result<(), SampleError> {
    create_dir(dir)?;
    let in_use = fs::read_dir(dir).map_err(|source| SampleError::Write { path: dir.into(), source })?.next();
    if in_use.is_some() {
        return Err(SampleError::NotEmpty(dir.into()));
    }
    git(dir, &["init", "--quiet", "--initial-branch=main", "--template="], None)?;
    for commit in &HISTORY {
        for path in commit.adds {
            write(dir, path, &content_at(commit, path))?;
        }
        git(dir, &["add", "--all"], None)?;
        git(dir, &["commit", "--quiet", "--no-verify", "--message", commit.message], Some(commit.date))?;
    }
    Ok(())
}

/// What a file said at a commit.
fn content_at(commit: &Commit, path: &str) -> String {
    let file = FILES.get_file(path).expect("a test checks that the history names embedded files");
    let mut content = file.contents_utf8().expect("a test checks that the sample is text").to_owned();
    for (_, now, then) in commit.still.iter().filter(|(other, _, _)| *other == path) {
        content = content.replace(now, then);
    }
    content
}

fn write(dir: &Path, path: &str, content: &str) -> Result<(), SampleError> {
    let path = dir.join(path);
    if let Some(folder) = path.parent() {
        create_dir(folder)?;
    }
    fs::write(&path, content).map_err(|source| SampleError::Write { path, source })
}

fn create_dir(path: &Path) -> Result<(), SampleError> {
    fs::create_dir_all(path).map_err(|source| SampleError::Write { path: path.into(), source })
}

/// Runs git with nothing of the machine's configuration and environment but the PATH.
fn git(dir: &Path, args: &[&str], date: Option<&str>) -> Result<Output, SampleError> {
    const AUTHOR: &str = "Nora Lind";
    const MAIL: &str = "nora@corner-shop.example";
    let mut command = Command::new("git");
    command.current_dir(dir).args(args).env_clear();
    command.env("PATH", std::env::var_os("PATH").as_deref().unwrap_or(OsStr::new("/usr/bin:/bin")));
    command.envs([("GIT_CONFIG_GLOBAL", "/dev/null"), ("GIT_CONFIG_NOSYSTEM", "1"), ("LC_ALL", "C")]);
    command.envs([("GIT_AUTHOR_NAME", AUTHOR), ("GIT_COMMITTER_NAME", AUTHOR)]);
    command.envs([("GIT_AUTHOR_EMAIL", MAIL), ("GIT_COMMITTER_EMAIL", MAIL)]);
    if let Some(date) = date {
        command.envs([("GIT_AUTHOR_DATE", date), ("GIT_COMMITTER_DATE", date)]);
    }
    let output = command.output().map_err(SampleError::NoGit)?;
    if output.status.success() {
        return Ok(output);
    }
    let stderr = String::from_utf8_lossy(&output.stderr).trim().to_owned();
    Err(SampleError::Git { command: args.join(" "), stderr })
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use include_dir::DirEntry;

    use super::*;

    /// The paths of all embedded files, with `/`, in order.
    fn paths() -> Vec<&'static str> {
        fn collect(dir: &'static Dir<'static>, found: &mut Vec<&'static str>) {
            for entry in dir.entries() {
                match entry {
                    DirEntry::Dir(dir) => collect(dir, found),
                    DirEntry::File(file) => found.extend(file.path().to_str()),
                }
            }
        }
        let mut found = Vec::new();
        collect(&FILES, &mut found);
        found.sort_unstable();
        found
    }

    fn said(dir: &Path, args: &[&str]) -> String {
        String::from_utf8(git(dir, args, None).unwrap().stdout).unwrap()
    }

    #[test]
    fn the_history_adds_every_file_and_ends_with_what_is_embedded() {
        let added: BTreeSet<&str> = HISTORY.iter().flat_map(|commit| commit.adds).copied().collect();
        assert_eq!(added.into_iter().collect::<Vec<_>>(), paths());
        let folder = tempfile::tempdir().unwrap();
        write_sample(folder.path()).unwrap();
        for path in paths() {
            let embedded = FILES.get_file(path).unwrap().contents_utf8().unwrap();
            assert_eq!(fs::read_to_string(folder.path().join(path)).unwrap(), embedded, "{path}");
        }
        for (path, now, _) in HISTORY.iter().flat_map(|commit| commit.still) {
            assert!(FILES.get_file(path).unwrap().contents_utf8().unwrap().contains(now), "{path}: {now}");
        }
    }

    #[test]
    fn the_repository_is_clean_and_the_same_everywhere() {
        let folders = [tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap()];
        let logs = folders.each_ref().map(|folder| {
            write_sample(folder.path()).unwrap();
            assert_eq!(said(folder.path(), &["status", "--porcelain"]), "");
            assert_eq!(said(folder.path(), &["branch", "--show-current"]), "main\n");
            said(folder.path(), &["log", "--format=%H %an %aI %s"])
        });
        assert_eq!(logs[0], logs[1]);
        insta::assert_snapshot!(said(folders[0].path(), &["log", "--format=%H %an %aI %s"]));
    }

    #[test]
    fn a_folder_in_use_is_left_alone() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("mine.txt"), "mine").unwrap();
        assert!(matches!(write_sample(folder.path()), Err(SampleError::NotEmpty(_))));
        assert!(!folder.path().join(".git").exists());
    }
}
