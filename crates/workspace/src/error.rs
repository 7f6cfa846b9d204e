use std::path::PathBuf;
use std::time::Duration;

use crate::git::GitVersion;

/// A result of this crate.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Why a repository operation failed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// There is no `git` on the `PATH`.
    #[error(
        "`git` was not found on the PATH; install git {minimum} or newer (Debian, Ubuntu: `apt install git`, macOS: `brew install git`)"
    )]
    GitMissing {
        /// The oldest version that works.
        minimum: GitVersion,
    },
    /// The installed git lacks `merge-tree --write-tree`.
    #[error(
        "git {found} is too old: merging without a checkout needs git {minimum} or newer; upgrade it (Debian: `apt install git` from backports, macOS: `brew install git`)"
    )]
    GitTooOld {
        /// What is installed.
        found: GitVersion,
        /// The oldest version that works.
        minimum: GitVersion,
    },
    /// git ran and refused; its own words are included, with credentials removed.
    #[error("`git {command}` failed with exit status {status}: {stderr}")]
    Git {
        /// The sub-command.
        command: String,
        /// Exit status, or -1 when a signal ended it.
        status: i32,
        /// The end of what git wrote on standard error.
        stderr: String,
    },
    /// Objects that git needs are missing, or are not what they should be.
    #[error(
        "objects of the repository are missing or damaged (`git {command}`: {stderr}); see what `git fsck` says in your repository, and start again from a fresh clone of it"
    )]
    Damaged {
        /// The sub-command that met them.
        command: String,
        /// The end of what git wrote on standard error.
        stderr: String,
    },
    /// git did not end in time and was killed with everything it had started.
    #[error("`git {command}` was stopped after {} s without an end", after.as_secs())]
    TimedOut {
        /// The sub-command.
        command: String,
        /// The limit.
        after: Duration,
    },
    /// git answered with something that is not its documented format.
    #[error("`git {command}` answered with something unexpected: {detail}")]
    Unexpected {
        /// The sub-command.
        command: String,
        /// What could not be read.
        detail: String,
    },
    /// The operating system refused.
    #[error("cannot {action} `{}`: {source}", path.display())]
    Io {
        /// What was tried, as a verb phrase.
        action: &'static str,
        /// On what.
        path: PathBuf,
        /// Why not.
        source: std::io::Error,
    },
    /// The path holds no git repository.
    #[error("`{}` is not in a git repository; run `git init` there and commit, or give the path or URL of a repository", path.display())]
    NotARepository {
        /// The path that was given.
        path: PathBuf,
    },
    /// There is something that should be a repository, and git does not take it for one.
    #[error("`{}` has a `.git` that git does not take for a repository: it may be damaged, or lead to a folder that was moved; see what `git status` says there, or start again from a fresh clone", path.display())]
    NoLongerARepository {
        /// The path that was given.
        path: PathBuf,
    },
    /// The repository has no commit to start from.
    #[error(
        "the repository at `{location}` has no commit on its current branch; commit something first, so that there is a base to work from"
    )]
    NoCommits {
        /// Path or URL, without credentials.
        location: String,
    },
    /// A partial clone does not hold all of its objects.
    #[error("the repository at `{}` is a partial clone, so files may be missing from it; run `git fetch --refetch --no-filter` there, or give its URL instead", path.display())]
    PartialClone {
        /// The repository.
        path: PathBuf,
    },
    /// A URL whose scheme is not offered, or that could be taken for an option.
    #[error(
        "`{url}` cannot be used as a repository: {reason}; use a local path, `https://`, `ssh://`, `user@host:path` or `file://`"
    )]
    InvalidSource {
        /// The text, without credentials.
        url: String,
        /// What is wrong with it.
        reason: &'static str,
    },
    /// A branch name that git refuses.
    #[error("`{name}` cannot be a branch name: {reason}")]
    InvalidBranch {
        /// The name.
        name: String,
        /// What is wrong with it.
        reason: &'static str,
    },
    /// The branch asked for is there already and points elsewhere.
    #[error("branch `{name}` exists already ({detail}); choose another name")]
    BranchExists {
        /// The name.
        name: String,
        /// Where it points, or what stands in its way.
        detail: String,
    },
    /// A worktree name with anything but letters, digits, `.`, `_` and `-`.
    #[error(
        "`{name}` cannot name a worktree: use letters, digits, `.`, `_` and `-`, beginning with a letter or digit"
    )]
    InvalidName {
        /// The name.
        name: String,
    },
    /// Another process works on the same files and does not end.
    #[error("`{}` is held by another process that works on the same files; stop it, or wait for its end", path.display())]
    Busy {
        /// The lock.
        path: PathBuf,
    },
    /// A text that is not a full object name.
    #[error("`{text}` is not the full name of a git object")]
    InvalidObjectId {
        /// The text.
        text: String,
    },
    /// There is no private clone in the folder.
    #[error("there is no imported repository in `{}`; import it first", path.display())]
    NotImported {
        /// The private folder.
        path: PathBuf,
    },
    /// A file operation inside a workspace failed.
    #[error(transparent)]
    File(#[from] crate::files::FileError),
}

impl Error {
    pub(crate) fn io(action: &'static str, path: impl Into<PathBuf>) -> impl FnOnce(std::io::Error) -> Error {
        let path = path.into();
        move |source| Error::Io { action, path, source }
    }
}
