//! Writing down the files of a worktree as a tree.

use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use cap_fs_ext::DirExt;
use cap_std::ambient_authority;
use cap_std::fs::Dir;
use serde::{Deserialize, Serialize};

use super::{Workspace, WorktreeState, remove_if_there, scrub};
use crate::error::{Error, Result};
use crate::git::{Git, Stdin};
use crate::ids::TreeId;
use crate::repository::blocking_under;

/// Repositories inside repositories inside … are followed this far.
const NESTING: usize = 8;

/// A checkpoint.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Checkpoint {
    /// The files.
    pub tree: TreeId,
    /// What could not be recorded; usually empty.
    pub left_out: Vec<LeftOut>,
}

/// Something in the workspace that is not part of the tree.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LeftOut {
    /// git's words, with the path.
    pub reason: String,
}

impl Workspace {
    /// Records all files that are not ignored. What git refuses (device files, names such as `.GIT`, unreadable files)
    /// is left out and told; a repository made inside the workspace is recorded as plain files.
    ///
    /// # Errors
    /// When git fails or takes too long.
    pub async fn checkpoint(&self) -> Result<Checkpoint> {
        let state = self.exclusive().await?;
        let git = self.git(&state);
        let path = self.path();
        let traps = blocking_under(state.lock.clone(), move || scrub::remove_traps(&path))
            .await
            .map_err(Error::io("list", self.path()))?;
        let deleted =
            |path| LeftOut { reason: format!("{path}: deleted, because git would wait on it for ever") };
        let mut left_out: Vec<LeftOut> = traps.into_iter().map(deleted).collect();
        self.stage(&git, &self.path(), &state, &mut left_out, 0).await?;
        let tree = self.write_tree(&git, &state).await?;
        left_out.sort_by(|a: &LeftOut, b| a.reason.cmp(&b.reason));
        left_out.dedup();
        Ok(Checkpoint { tree, left_out })
    }

    /// Brings the index up to the files below `root`.
    async fn stage(
        &self,
        git: &Git,
        root: &Path,
        state: &WorktreeState,
        left_out: &mut Vec<LeftOut>,
        depth: usize,
    ) -> Result<()> {
        let mut add = git.command(["add", "--all", "--ignore-errors", "--", "."]);
        for submodule in state.submodules.iter().filter(|_| depth == 0) {
            add = add.arg(OsStr::from_bytes(&[b":(exclude,literal)", submodule.path.as_slice()].concat()));
        }
        let added = add.accept(1).run().await?;
        let mut nested = self.staged_repositories(git, depth).await?;
        if added.status != 0 {
            let unborn = self.unborn_repositories(git).await?;
            let complaints =
                added.stderr.lines().filter(|line| !line.contains("does not have a commit checked out"));
            left_out.extend(complaints.filter_map(complaint));
            nested.extend(unborn);
        }
        for folder in nested {
            if state.submodules.iter().any(|submodule| depth == 0 && submodule.path == folder) {
                continue;
            }
            self.flatten(git, root, &folder, state, left_out, depth).await?;
        }
        Ok(())
    }

    /// Records the files of a repository that was made inside the workspace, without its `.git`.
    async fn flatten(
        &self,
        git: &Git,
        root: &Path,
        folder: &[u8],
        state: &WorktreeState,
        left_out: &mut Vec<LeftOut>,
        depth: usize,
    ) -> Result<()> {
        self.forget(git, std::iter::once(folder)).await?;
        let relative = Path::new(OsStr::from_bytes(folder));
        if depth >= NESTING || !is_real_folder(root, relative) {
            left_out.push(LeftOut {
                reason: format!("{}: repositories are nested too deeply", relative.display()),
            });
            return Ok(());
        }
        let inner_root = root.join(relative);
        let inner =
            git.with_work_tree(&inner_root).with_index(self.admin().join(format!("nested-index-{depth}")));
        self.clear_nested_index(depth)?;
        Box::pin(self.stage(&inner, &inner_root, state, left_out, depth + 1)).await?;
        let tree = inner.command(["write-tree"]).line().await?;
        self.clear_nested_index(depth)?;
        let prefix: Vec<u8> = [b"--prefix=", folder, b"/"].concat();
        git.command(["read-tree"]).arg(OsStr::from_bytes(&prefix)).arg(tree).run().await?;
        Ok(())
    }

    fn clear_nested_index(&self, depth: usize) -> Result<()> {
        remove_if_there(&self.admin().join(format!("nested-index-{depth}")))?;
        remove_if_there(&self.admin().join(format!("nested-index-{depth}.lock")))
    }

    /// Folders that git took for submodules because they hold a repository with a commit.
    async fn staged_repositories(&self, git: &Git, depth: usize) -> Result<BTreeSet<Vec<u8>>> {
        // The workspace's `HEAD` says nothing about a nested index; there everything is new.
        let base =
            if depth == 0 { self.head.as_str().to_owned() } else { git.command(["mktree"]).line().await? };
        let query = [
            "diff-index",
            "--cached",
            "--raw",
            "-z",
            "--no-renames",
            "--ignore-submodules=none",
            &base,
            "--",
        ];
        let listing = git.command(query).run().await?;
        let mut fields = listing.stdout.split(|byte| *byte == 0);
        let mut found = BTreeSet::new();
        while let (Some(raw), Some(path)) = (fields.next(), fields.next()) {
            if raw.get(8..14) == Some(b"160000") {
                found.insert(path.to_vec());
            }
        }
        Ok(found)
    }

    /// Folders with a repository that has no commit yet: git lists them with a slash at the end.
    async fn unborn_repositories(&self, git: &Git) -> Result<BTreeSet<Vec<u8>>> {
        let listing = git.command(["ls-files", "-z", "--others", "--exclude-standard"]).run().await?;
        let folders = listing.stdout.split(|byte| *byte == 0).filter_map(|path| path.strip_suffix(b"/"));
        Ok(folders.map(<[u8]>::to_vec).collect())
    }

    /// The tree of the index, with the submodules' entries put back.
    async fn write_tree(&self, git: &Git, state: &WorktreeState) -> Result<TreeId> {
        if state.submodules.is_empty() {
            return git.command(["write-tree"]).line().await?.parse();
        }
        let full: PathBuf = self.admin().join("full-index");
        std::fs::copy(self.admin().join("index"), &full).map_err(Error::io("copy the index to", &full))?;
        let git = git.with_index(&full);
        let mut lines = Vec::new();
        for submodule in &state.submodules {
            lines.extend_from_slice(format!("160000 {}\t", submodule.commit).as_bytes());
            lines.extend_from_slice(&submodule.path);
            lines.push(0);
        }
        git.command(["update-index", "-z", "--index-info"]).stdin(Stdin::Bytes(lines)).run().await?;
        let tree = git.command(["write-tree"]).line().await?.parse()?;
        remove_if_there(&full)?;
        Ok(tree)
    }
}

/// Whether every part of the path is a folder and none a symbolic link.
pub(super) fn is_real_folder(root: &Path, relative: &Path) -> bool {
    let Ok(mut dir) = Dir::open_ambient_dir(root, ambient_authority()) else { return false };
    for part in relative.components() {
        match dir.open_dir_nofollow(part) {
            Ok(next) => dir = next,
            Err(_) => return false,
        }
    }
    true
}

fn complaint(line: &str) -> Option<LeftOut> {
    let reason = line.strip_prefix("error: ").or_else(|| line.strip_prefix("warning: "))?;
    let repeated = reason.starts_with("unable to add") || reason.starts_with("adding embedded");
    (!repeated).then(|| LeftOut { reason: reason.to_owned() })
}
