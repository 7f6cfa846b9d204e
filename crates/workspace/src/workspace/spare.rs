//! A worktree that is made ahead, while nobody waits for it.
//!
//! It is a worktree like any other, with a name that no member's can have, and is made by what makes them all. Taking it
//! gives its two folders another name and writes what differs between its tree and the wanted one. No command ever ran
//! in it and no sandbox shows it, so its index is believed as it stands: looking at every file would cost more than all
//! the rest.
//!
//! That holds only as long as it is known who wrote there. So a spare is known in the memory of the process that made
//! it and nowhere else: after a kill, or a power cut that left files half on the disk, whoever comes next finds an
//! ordinary worktree of unknown state, and repairs it before it counts as a spare again. A process that was frozen
//! meanwhile notices by its mark, an open file that is not the one in the folder any more. A take that is cut short
//! leaves half a worktree under the new name and the other half under the old one; [`Workspace::restore`] repairs both.

use std::ffi::OsStr;
use std::fs::File;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError};
use std::time::Duration;

use tokio::sync::Semaphore;

use super::restore::{Found, give_paths};
use super::{Workspace, WorktreeState, remove_if_there};
use crate::error::{Error, Result};
use crate::git::Stdin;
use crate::ids::{CommitId, TreeId};
use crate::owner::Owner;
use crate::repository::{Layout, Repository, acquire_last, blocking_under, try_acquire};

/// Begins with a dot, which no name given to [`Repository::ensure_worktree`] may.
const SPARE: &str = ".spare";

/// Files from which on a spare is worth its disk: below, making a worktree takes hardly longer than taking one.
const WORTH_IT: usize = 250;

/// How many times what a spare takes has to be free on the disk, so that it is never what fills it.
const ROOM: u64 = 4;

/// A file on disk takes at least a block of this size.
const BLOCK: u64 = 4096;

/// Paths that git is asked to exchange by name, each of which it compares with the whole index. With more of them all
/// files are compared instead.
const FEW: usize = 300;

/// Whoever removes everything waits that long for a spare under way: longer than a git or a walk over the files that
/// nobody waits for any more can go on. A frozen process could hold it for ever.
const LET_GO: Duration = Duration::from_secs(10);

/// Executions of one process that make their spares at the same time. One: they are in nobody's way that way.
static TURN: Semaphore = Semaphore::const_new(1);

/// A spare that this process made.
#[derive(Debug)]
pub(crate) struct ReadySpare {
    tree: TreeId,
    owner: Option<Owner>,
    /// Held open, so that no other file can have its number.
    mark: File,
}

impl ReadySpare {
    /// Whether nobody else made a spare there, or took this one, since.
    fn is_ours(&self, mark: &Path) -> bool {
        let number = |file: std::fs::Metadata| (file.dev(), file.ino());
        let (Ok(ours), Ok(there)) = (self.mark.metadata(), mark.symlink_metadata()) else { return false };
        number(ours) == number(there)
    }
}

impl Repository {
    /// Makes a worktree ahead, so that the next new one is ready at once, whatever its size. There is at most one; where
    /// it would not be worth its disk (few files, or little room left) there is none, and that is no error.
    ///
    /// Dropping the future stops it, with the git that it started.
    ///
    /// # Errors
    /// What git said. Nothing depends on a spare: the next worktree is made the ordinary way.
    pub async fn prepare_spare(&self, commit: &CommitId, owner: Option<Owner>) -> Result<()> {
        // The folders of what was removed meanwhile must not come back.
        if self.has_spare() || !self.git_dir().is_dir() {
            return Ok(());
        }
        let tree = self.tree_of(commit).await?;
        let files = self.contents(&tree).await?.files;
        if files < WORTH_IT {
            return Ok(());
        }
        let spare = self.spare_workspace(commit.clone(), owner);
        let mut state = spare.exclusive().await?;
        let _turn = TURN.acquire().await.expect("it is never closed");
        if self.has_spare() || !self.has_room(&tree).await? {
            return Ok(());
        }
        let mark = spare.mark();
        remove_if_there(&mark)?;
        spare.make(&tree, &mut state).await?;
        let mark = File::create_new(&mark).map_err(Error::io("create", &mark))?;
        *self.spare.lock().unwrap_or_else(PoisonError::into_inner) = Some(ReadySpare { tree, owner, mark });
        Ok(())
    }

    /// Whether a new worktree would be made of a spare.
    pub fn has_spare(&self) -> bool {
        self.spare.lock().unwrap_or_else(PoisonError::into_inner).is_some()
    }

    fn spare_workspace(&self, head: CommitId, owner: Option<Owner>) -> Workspace {
        let state = self.worktree_state(SPARE);
        Workspace { repository: self.clone(), name: SPARE.to_owned(), head, owner, state }
    }

    async fn has_room(&self, tree: &TreeId) -> Result<bool> {
        let git = self.git().in_background();
        let listing =
            git.command(["ls-tree", "-r", "-z", "--format=%(objectsize)", tree.as_str()]).run().await?;
        let sizes = listing.stdout.split(|byte| *byte == 0).filter(|size| !size.is_empty());
        let blocks =
            |size: &[u8]| String::from_utf8_lossy(size).parse().unwrap_or(0_u64).div_ceil(BLOCK).max(1);
        let (files, bytes) =
            sizes.fold((0, 0), |(files, bytes), size| (files + 1, bytes + blocks(size) * BLOCK));
        let disk = rustix::fs::statvfs(self.layout().root())
            .map_err(|error| Error::io("measure the disk of", self.layout().root())(error.into()))?;
        // Some filesystems have no fixed number of files and say 0.
        let names = disk.f_files == 0 || disk.f_favail / ROOM >= files;
        Ok(names && disk.f_bavail.saturating_mul(disk.f_frsize) / ROOM >= bytes)
    }
}

impl Workspace {
    pub(super) fn is_spare(&self) -> bool {
        self.name == SPARE
    }

    fn mark(&self) -> PathBuf {
        self.admin().join("ready")
    }

    /// Makes this worktree of the spare, if it is a new one and a spare is ready. Whatever goes wrong, the caller makes
    /// it the ordinary way, and that is what is done while a spare is still under way, too: how far it is nobody knows,
    /// and it gives way to everything else on the machine.
    pub(super) async fn take_spare(&self, tree: &TreeId, state: &mut WorktreeState) -> bool {
        if self.is_spare() || !self.is_new() {
            return false;
        }
        match self.turn_spare_into_this(tree, state).await {
            Ok(taken) => taken,
            Err(error) => {
                tracing::warn!(workspace = %self.name, %error, "a spare worktree could not be used");
                false
            }
        }
    }

    async fn turn_spare_into_this(&self, tree: &TreeId, state: &mut WorktreeState) -> Result<bool> {
        let spare = self.repository.spare_workspace(self.head.clone(), self.owner);
        let Ok(_here) = spare.state.try_lock() else { return Ok(false) };
        if !self.repository.has_spare() {
            return Ok(false);
        }
        // Somebody who took this execution over may be at work there.
        let Some(_anywhere) = try_acquire(&self.layout().lock(SPARE))? else { return Ok(false) };
        let ready = self.repository.spare.lock().unwrap_or_else(PoisonError::into_inner).take();
        let mark = spare.mark();
        let Some(ready) = ready.filter(|ready| ready.owner == self.owner && ready.is_ours(&mark)) else {
            return Ok(false);
        };
        remove_if_there(&mark)?;
        for (from, to) in [(spare.admin(), self.admin()), (spare.path(), self.path())] {
            std::fs::rename(&from, &to).map_err(Error::io("rename", &from))?;
        }
        self.tie(&self.head)?;
        self.exchange(&ready.tree, tree, state).await?;
        Ok(true)
    }

    /// From the files of one tree, which are there exactly, to those of another.
    async fn exchange(&self, from: &TreeId, to: &TreeId, state: &mut WorktreeState) -> Result<()> {
        let here = self.repository.contents(from).await?;
        state.submodules.clone_from(&here.submodules);
        if from == to {
            return Ok(());
        }
        let git = self.git(state);
        let query = ["diff-tree", "-r", "--raw", "-z", "--no-renames", from.as_str(), to.as_str()];
        let listing = git.command(query).run().await?;
        let fields: Vec<&[u8]> = listing.stdout.split(|byte| *byte == 0).collect();
        let changes: Vec<(&[u8], &[u8])> = fields.chunks_exact(2).map(|pair| (pair[0], pair[1])).collect();
        let submodule = changes.iter().any(|(modes, _)| modes.windows(6).any(|mode| mode == b"160000"));
        if submodule || changes.len() > FEW {
            state.submodules.clone_from(&self.repository.contents(to).await?.submodules);
            // As if it had stood there before: the folder of a submodule that is gone has to go, too.
            return self.bring_to(to, state, Found::Anything).await;
        }
        let paths: Vec<&[u8]> = changes.iter().map(|(_, path)| *path).collect();
        git.command(["checkout", "--quiet", "--no-overlay", "--pathspec-from-file=-", "--pathspec-file-nul"])
            .arg(to.as_str())
            .env("GIT_LITERAL_PATHSPECS", "1")
            .stdin(Stdin::Bytes(paths.join(&0)))
            .run()
            .await?;
        if let Some(owner) = self.owner {
            let root = self.path();
            let paths: Vec<PathBuf> = paths.iter().map(|path| OsStr::from_bytes(path).into()).collect();
            // That changes what the index knows of these few: the next checkpoint reads them once more.
            blocking_under(state.lock.clone(), move || give_paths(&root, &paths, owner))
                .await
                .map_err(Error::io("change the owner of", self.path()))?;
        }
        Ok(())
    }
}

/// Waits until nothing writes a spare in the private folder any more (its preparation was dropped, or its process
/// killed), and keeps it so.
pub(crate) async fn no_spare_under_way(private_dir: &Path) -> Option<Arc<File>> {
    acquire_last(&Layout::open(private_dir).ok()?.lock(SPARE), LET_GO).await
}
