//! The files of one sub-task: a worktree whose git metadata lies out of its reach.
//!
//! No command may be running in the workspace while it is checkpointed or restored: git looks at a path more than
//! once, and a process that exchanges a file for a symbolic link in between could make it read another one.

mod checkpoint;
mod pointer;
mod python;
mod restore;
mod scrub;
mod share;
mod spare;

use std::fs::File;
use std::ops::{Deref, DerefMut};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use tokio::sync::{Mutex, MutexGuard};

pub use checkpoint::{Checkpoint, LeftOut};
pub(crate) use spare::{ReadySpare, no_spare_under_way};

use crate::error::{Error, Result};
use crate::files::FileTools;
use crate::git::Git;
use crate::ids::{CommitId, TreeId};
use crate::owner::Owner;
use crate::repository::{Layout, Repository, acquire, remove_folder};

/// What is known about a worktree while the process lives; everything of it can be read again from git.
#[derive(Debug, Default)]
pub(crate) struct WorktreeState {
    /// Held during one operation.
    lock: Option<Arc<File>>,
    /// The submodules of the tree that was restored last. The index never holds them: git would start itself inside
    /// their folders, with the configuration that it finds there.
    submodules: Vec<crate::repository::Submodule>,
}

/// A worktree of the private clone. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Workspace {
    repository: Repository,
    name: String,
    head: CommitId,
    owner: Option<Owner>,
    state: Arc<Mutex<WorktreeState>>,
}

impl Repository {
    /// A new worktree with the files of a commit. Files are given to `owner` where the sandbox runs as another user.
    ///
    /// # Errors
    /// [`Error::InvalidName`], or what git said.
    pub async fn add_worktree(
        &self,
        name: &str,
        commit: &CommitId,
        owner: Option<Owner>,
    ) -> Result<Workspace> {
        let tree = self.tree_of(commit).await?;
        self.ensure_worktree(name, commit, &tree, owner).await
    }

    /// The worktree with exactly the files of `tree` and `commit` as its `HEAD`: created, repaired or brought there,
    /// whatever a crash left behind. Ignored files stay, unless the folder is beyond repair and is made anew.
    ///
    /// # Errors
    /// [`Error::InvalidName`], or what git said.
    pub async fn ensure_worktree(
        &self,
        name: &str,
        commit: &CommitId,
        tree: &TreeId,
        owner: Option<Owner>,
    ) -> Result<Workspace> {
        check_name(name)?;
        let state = self.worktree_state(name);
        let workspace =
            Workspace { repository: self.clone(), name: name.to_owned(), head: commit.clone(), owner, state };
        workspace.restore(tree).await?;
        Ok(workspace)
    }

    /// Deletes a worktree and everything that is known about it. None there is fine.
    ///
    /// # Errors
    /// [`Error::InvalidName`], or when something cannot be deleted.
    pub async fn remove_worktree(&self, name: &str) -> Result<()> {
        check_name(name)?;
        let state = self.worktree_state(name);
        let _guard = state.lock().await;
        let lock = Some(acquire(&self.layout().lock(name)).await?);
        remove_folder(self.layout().worktree(name), lock.clone()).await?;
        remove_folder(self.layout().worktree_admin(name), lock).await
    }
}

impl Workspace {
    /// The folder with the files.
    pub fn path(&self) -> PathBuf {
        self.layout().worktree(&self.name)
    }

    /// The name given to [`Repository::ensure_worktree`].
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The commit that the work started from.
    pub fn head(&self) -> &CommitId {
        &self.head
    }

    /// The private clone.
    pub fn repository(&self) -> &Repository {
        &self.repository
    }

    /// Host folders that the sandbox shows read-only, under their own paths, so that `git` works inside for reading.
    pub fn read_only_paths(&self) -> Vec<PathBuf> {
        vec![self.layout().git_dir()]
    }

    /// Environment that `git` needs inside the sandbox, where its metadata belongs to another user and cannot be written,
    /// and that lets Python import the project from these files.
    pub fn sandbox_environment(&self) -> Vec<(String, String)> {
        let pairs = [
            ("GIT_CONFIG_COUNT", "1"),
            ("GIT_CONFIG_KEY_0", "safe.directory"),
            ("GIT_CONFIG_VALUE_0", "*"),
            ("GIT_OPTIONAL_LOCKS", "0"),
            ("GIT_TERMINAL_PROMPT", "0"),
        ];
        let python = python::import_folder(&self.path()).map(|folder| ("PYTHONPATH", folder));
        let all = pairs.into_iter().chain(python);
        all.map(|(key, value)| (key.to_owned(), value.to_owned())).collect()
    }

    /// The tools that read and change files in here. Paths under `mount`, where the sandbox shows the workspace, are understood too.
    ///
    /// # Errors
    /// When the folder is gone.
    pub fn files(&self, mount: Option<&str>) -> Result<FileTools> {
        Ok(FileTools::open(&self.path(), mount, self.owner)?)
    }

    fn layout(&self) -> &Layout {
        self.repository.layout()
    }

    fn admin(&self) -> PathBuf {
        self.layout().worktree_admin(&self.name)
    }

    fn git(&self, state: &WorktreeState) -> Git {
        let git = Git::at(self.admin()).with_work_tree(self.path());
        let git = if self.is_spare() { git.in_background() } else { git };
        match &state.lock {
            Some(lock) => git.holding(lock),
            None => git,
        }
    }

    /// Waits for its turn and clears away the lock files of a run that was killed: nobody else works on this index.
    async fn exclusive(&self) -> Result<Exclusive<'_>> {
        let mut guard = Exclusive(self.state.lock().await);
        guard.lock = Some(acquire(&self.layout().lock(&self.name)).await?);
        for lock in ["index.lock", "HEAD.lock", "full-index", "full-index.lock"] {
            remove_if_there(&self.admin().join(lock))?;
        }
        Ok(guard)
    }
}

/// The right to work on a worktree; gives the lock back at its end.
struct Exclusive<'a>(MutexGuard<'a, WorktreeState>);

impl Deref for Exclusive<'_> {
    type Target = WorktreeState;
    fn deref(&self) -> &WorktreeState {
        &self.0
    }
}

impl DerefMut for Exclusive<'_> {
    fn deref_mut(&mut self) -> &mut WorktreeState {
        &mut self.0
    }
}

impl Drop for Exclusive<'_> {
    fn drop(&mut self) {
        self.0.lock = None;
    }
}

fn remove_if_there(path: &Path) -> Result<()> {
    match std::fs::remove_file(path) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(Error::io("remove", path)(error)),
        _ => Ok(()),
    }
}

fn check_name(name: &str) -> Result<()> {
    let plain = name.chars().all(|c| c.is_ascii_alphanumeric() || "._-".contains(c));
    let begins = name.starts_with(|c: char| c.is_ascii_alphanumeric());
    if plain && begins && name.len() <= 100 && !name.ends_with(".lock") {
        Ok(())
    } else {
        Err(Error::InvalidName { name: name.to_owned() })
    }
}
