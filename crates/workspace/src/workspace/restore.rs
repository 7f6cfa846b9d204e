//! Bringing a worktree to exactly the files of a tree, from whatever state it is in.

use std::ffi::OsStr;
use std::io::ErrorKind::NotFound;
use std::path::{Path, PathBuf};

use cap_fs_ext::DirExt;
use cap_std::ambient_authority;
use cap_std::fs::{Dir, Metadata, MetadataExt};
use rustix::fs::{AtFlags, Gid, Uid, chownat};

use super::{Workspace, WorktreeState, remove_if_there, scrub};
use crate::error::{Error, Result};
use crate::git::Stdin;
use crate::ids::TreeId;
use crate::owner::Owner;
use crate::repository::{blocking_under, remove_folder};

/// Who may have written into the folder that is to be brought to a tree.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Found {
    /// Members, their commands, a crash.
    Anything,
    /// Nobody but us: there is nothing that the index does not know.
    OurOwn,
}

impl Workspace {
    /// Makes the files those of `tree`: what differs is written, what is not in it is deleted; ignored files stay.
    /// Performing it again after a crash at any moment gives the same files.
    ///
    /// # Errors
    /// When the tree is not in the repository or the folder cannot be written.
    pub async fn restore(&self, tree: &TreeId) -> Result<()> {
        let mut state = self.exclusive().await?;
        if self.take_spare(tree, &mut state).await {
            return Ok(());
        }
        self.make(tree, &mut state).await
    }

    /// The same without a look for a spare.
    pub(super) async fn make(&self, tree: &TreeId, state: &mut WorktreeState) -> Result<()> {
        let found = if self.is_new() { Found::OurOwn } else { Found::Anything };
        self.tie(&self.head)?;
        state.submodules.clone_from(&self.repository.contents(tree).await?.submodules);
        if let Err(error) = self.bring_to(tree, state, found).await {
            tracing::warn!(workspace = %self.name, %error, "a worktree could not be repaired and is made anew");
            remove_folder(self.path(), state.lock.clone()).await?;
            remove_if_there(&self.admin().join("index"))?;
            remove_if_there(&self.admin().join("index.lock"))?;
            self.tie(&self.head)?;
            self.bring_to(tree, state, Found::OurOwn).await?;
        }
        Ok(())
    }

    /// Whether nothing of the worktree is there, not even the half of it that a crash can leave.
    pub(super) fn is_new(&self) -> bool {
        let missing = |path: &Path| path.symlink_metadata().is_err_and(|error| error.kind() == NotFound);
        missing(&self.path()) && missing(&self.admin())
    }

    pub(super) async fn bring_to(&self, tree: &TreeId, state: &WorktreeState, found: Found) -> Result<()> {
        let git = self.git(state);
        if found == Found::Anything {
            let path = self.path();
            blocking_under(state.lock.clone(), move || scrub::remove_traps(&path))
                .await
                .map_err(Error::io("list", self.path()))?;
        }
        let read = || git.command(["read-tree", "--reset", "-u", tree.as_str()]).run();
        if read().await.is_err() {
            // An index that a crash or a full disk cut short says nothing; without it every file is compared.
            remove_if_there(&self.admin().join("index"))?;
            remove_if_there(&self.admin().join("index.lock"))?;
            read().await?;
        }
        let paths = state.submodules.iter().map(|submodule| submodule.path.as_slice());
        self.forget(&git, paths).await?;
        if found == Found::Anything {
            // Twice `-f`: repositories that an agent made inside are files like any others.
            git.command(["clean", "-ffdq", "--", "."]).run().await?;
        }
        self.make_submodule_folders(state);
        if let Some(owner) = self.owner {
            let path = self.path();
            blocking_under(state.lock.clone(), move || give_to(&path, owner))
                .await
                .map_err(Error::io("change the owner of", self.path()))?;
            git.command(["update-index", "-q", "--refresh"]).accept(1).run().await?;
        }
        Ok(())
    }

    /// Drops entries from an index without touching files.
    pub(super) async fn forget<'p>(
        &self,
        git: &crate::git::Git,
        paths: impl Iterator<Item = &'p [u8]>,
    ) -> Result<()> {
        let zero = "0".repeat(self.head.as_str().len());
        let mut lines = Vec::new();
        for path in paths {
            lines.extend_from_slice(format!("0 {zero}\t").as_bytes());
            lines.extend_from_slice(path);
            lines.push(0);
        }
        if !lines.is_empty() {
            git.command(["update-index", "-z", "--index-info"]).stdin(Stdin::Bytes(lines)).run().await?;
        }
        Ok(())
    }

    /// A checkout has an empty folder where a submodule would be.
    fn make_submodule_folders(&self, state: &WorktreeState) {
        use std::os::unix::ffi::OsStrExt;
        let Ok(dir) = Dir::open_ambient_dir(self.path(), ambient_authority()) else { return };
        for submodule in &state.submodules {
            // Only a convenience: a build that wants the folder finds it.
            let _ = dir.create_dir_all(Path::new(std::ffi::OsStr::from_bytes(&submodule.path)));
        }
    }
}

/// Gives every file below the root to the sandbox's user, through folder descriptors, never following a link. The
/// `.git` file stays ours.
fn give_to(root: &Path, owner: Owner) -> std::io::Result<()> {
    let dir = Dir::open_ambient_dir(root, ambient_authority())?;
    std::os::unix::fs::lchown(root, Some(owner.uid), Some(owner.gid))?;
    give_entries(&dir, owner, true)
}

/// The same for a few paths, with the folders that lead to them. What is not there needs no owner.
pub(super) fn give_paths(root: &Path, paths: &[PathBuf], owner: Owner) -> std::io::Result<()> {
    let root = Dir::open_ambient_dir(root, ambient_authority())?;
    for path in paths {
        let mut dir = root.try_clone()?;
        let mut parts = path.components().peekable();
        while let Some(part) = parts.next() {
            let name = part.as_os_str();
            let given = match give(&dir, name, owner) {
                Err(error) if error.kind() == NotFound => break,
                given => given?,
            };
            if !given.is_dir() {
                break;
            }
            if parts.peek().is_some() {
                dir = dir.open_dir_nofollow(name)?;
            }
        }
    }
    Ok(())
}

/// Gives one entry of a folder, itself and not what it leads to, and says what it is.
fn give(dir: &Dir, name: &OsStr, owner: Owner) -> std::io::Result<Metadata> {
    let metadata = dir.symlink_metadata(name)?;
    if (metadata.uid(), metadata.gid()) != (owner.uid, owner.gid) {
        let (uid, gid) = (Uid::from_raw(owner.uid), Gid::from_raw(owner.gid));
        chownat(dir, name, Some(uid), Some(gid), AtFlags::SYMLINK_NOFOLLOW)?;
    }
    Ok(metadata)
}

fn give_entries(dir: &Dir, owner: Owner, is_root: bool) -> std::io::Result<()> {
    for entry in dir.entries()? {
        let entry = entry?;
        let name = entry.file_name();
        if is_root && name == ".git" {
            continue;
        }
        if give(dir, &name, owner)?.is_dir() {
            give_entries(&dir.open_dir_nofollow(&name)?, owner, false)?;
        }
    }
    Ok(())
}
