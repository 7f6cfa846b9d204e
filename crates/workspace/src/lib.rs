//! The repository on the host's side: private clones, worktrees, checkpoints, merges, file access and detection of commands.
//!
//! Everything here runs with the server's rights on material that strangers wrote, so three things never happen:
//! no program named by a repository is started (hooks, filters, fsmonitor, external diff, merge drivers), no
//! `.git` inside a workspace is read, and no symbolic link of a workspace is followed. Code of the repository runs
//! only in the sandbox, which is a room of its own and shares nothing with this one.
//!
//! An execution owns one private directory: [`Repository::import`] fills it, [`Repository::ensure_worktree`] makes
//! one [`Workspace`] per sub-task in it, [`Repository::deliver`] hands the result back, [`Repository::remove`] leaves nothing.

mod branch;
mod error;
mod git;
mod ids;
mod owner;
mod repository;
mod source;
mod workspace;

pub mod detect;
pub mod files;
pub mod map;

pub use branch::{BranchName, slug};
pub use error::{Error, Result};
pub use git::GitVersion;
pub use ids::{CommitId, TreeId, TreeLike};
pub use owner::Owner;
pub use repository::{
    BranchChoice, Change, ChangeKind, CommitRequest, Delivered, Diff, Import, LogEntry, MergeOutcome,
    Repository, TreeEntry,
};
pub use source::Source;
pub use workspace::{Checkpoint, LeftOut, Workspace};
