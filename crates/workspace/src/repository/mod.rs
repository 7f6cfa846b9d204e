//! The private clone of one execution, and what can be done with its objects without any checkout.

mod changes;
mod check;
mod commit;
mod deliver;
#[cfg(test)]
mod fuzz;
mod import;
mod layout;
mod lock;
mod merge;
mod read;
mod standing;

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

pub use changes::{Change, ChangeKind, Diff};
pub use commit::{CommitRequest, LogEntry};
pub use deliver::{BranchChoice, Delivered};
pub use import::Import;
pub(crate) use layout::{Layout, remove_tree, write_atomically};
pub(crate) use lock::{acquire, acquire_last, try_acquire};
pub use merge::MergeOutcome;
pub use read::TreeEntry;
pub(crate) use read::{Contents, Submodule};

use crate::error::{Error, Result};
use crate::git::Git;
use crate::ids::{CommitId, TreeId};
use crate::workspace::{ReadySpare, WorktreeState};

/// The private bare clone of one execution. Cheap to clone; clones share the locks of the worktrees.
#[derive(Debug, Clone)]
pub struct Repository {
    layout: Layout,
    worktrees: Arc<Mutex<HashMap<String, Arc<tokio::sync::Mutex<WorktreeState>>>>>,
    /// What was looked up of commits, which never change.
    trees: Arc<Mutex<HashMap<CommitId, TreeId>>>,
    /// What was looked up of trees, which never change.
    contents: Arc<Mutex<HashMap<TreeId, Arc<Contents>>>>,
    /// See `workspace/spare.rs`.
    pub(crate) spare: Arc<Mutex<Option<ReadySpare>>>,
}

impl Repository {
    fn new(layout: Layout) -> Self {
        Self {
            layout,
            worktrees: Arc::default(),
            trees: Arc::default(),
            contents: Arc::default(),
            spare: Arc::default(),
        }
    }

    /// The folder of git's data, which the sandbox may show read-only and nothing inside may ever write.
    pub fn git_dir(&self) -> PathBuf {
        self.layout.git_dir()
    }

    pub(crate) fn layout(&self) -> &Layout {
        &self.layout
    }

    pub(crate) fn git(&self) -> Git {
        Git::at(self.layout.git_dir())
    }

    /// One lock per worktree: two operations on the same index would break each other.
    pub(crate) fn worktree_state(&self, name: &str) -> Arc<tokio::sync::Mutex<WorktreeState>> {
        let mut worktrees = self.worktrees.lock().expect("nothing panics while this lock is held");
        Arc::clone(worktrees.entry(name.to_owned()).or_default())
    }

    /// Deletes the private folder with the clone and all of its worktrees; the user's repository is not touched.
    ///
    /// # Errors
    /// When something in the folder cannot be deleted.
    pub async fn remove(self) -> Result<()> {
        Self::remove_at(self.layout.root()).await
    }

    /// Deletes what is left of an execution's private folder, whatever state it is in. Nothing there is fine.
    ///
    /// # Errors
    /// When something in the folder cannot be deleted.
    pub async fn remove_at(private_dir: &Path) -> Result<()> {
        let lock = crate::workspace::no_spare_under_way(private_dir).await;
        remove_folder(private_dir.to_owned(), lock).await
    }
}

/// Deletes a folder that a sandboxed process may have written to: folders without permissions do not stop it.
pub(crate) async fn remove_folder(path: PathBuf, lock: Option<Arc<std::fs::File>>) -> Result<()> {
    blocking_under(lock, move || layout::remove_tree(&path).map_err(Error::io("remove", &path))).await
}

/// As [`blocking`], keeping a lock to the end of the work even when nobody waits for it any more: a dropped caller
/// does not stop the thread.
pub(crate) async fn blocking_under<T: Send + 'static>(
    lock: Option<Arc<std::fs::File>>,
    work: impl FnOnce() -> T + Send + 'static,
) -> T {
    blocking(move || {
        let value = work();
        drop(lock);
        value
    })
    .await
}

/// Runs file work off the async threads.
pub(crate) async fn blocking<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> T {
    match tokio::task::spawn_blocking(work).await {
        Ok(value) => value,
        // A panic goes on in the caller; the task is never aborted.
        Err(error) => std::panic::resume_unwind(error.into_panic()),
    }
}
