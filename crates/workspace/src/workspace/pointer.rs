//! The two ends that tie a worktree to its metadata. The `.git` file in the worktree is for `git` inside the sandbox
//! only; the host names the metadata folder explicitly and never reads the file, which belongs to whoever works there.

use std::io::Write;

use cap_fs_ext::DirExt;
use cap_std::ambient_authority;
use cap_std::fs::{Dir, OpenOptions, OpenOptionsExt};

use super::Workspace;
use crate::error::{Error, Result};
use crate::ids::CommitId;
use crate::repository::{remove_tree, write_atomically};

impl Workspace {
    /// Creates the folders where they are missing and writes every file that names another, as `gitrepository-layout(5)` has it.
    pub(super) fn tie(&self, head: &CommitId) -> Result<()> {
        let (path, admin) = (self.path(), self.admin());
        let is_folder = path.symlink_metadata().is_ok_and(|metadata| metadata.is_dir());
        if !is_folder {
            remove_tree(&path).map_err(Error::io("remove", &path))?;
        }
        for folder in [&path, &admin] {
            std::fs::create_dir_all(folder).map_err(Error::io("create", folder))?;
        }
        write_atomically(&admin.join("commondir"), b"../..\n")?;
        write_atomically(&admin.join("gitdir"), format!("{}\n", path.join(".git").display()).as_bytes())?;
        write_atomically(&admin.join("HEAD"), format!("{head}\n").as_bytes())?;
        self.write_pointer().map_err(Error::io("write", path.join(".git")))
    }

    fn write_pointer(&self) -> std::io::Result<()> {
        let content = format!("gitdir: {}\n", self.admin().display());
        let dir = Dir::open_ambient_dir(self.path(), ambient_authority())?;
        match dir.symlink_metadata(".git") {
            Ok(metadata) if metadata.is_dir() => dir.open_dir_nofollow(".git")?.remove_open_dir_all()?,
            Ok(_) => dir.remove_file(".git")?,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
            Err(error) => return Err(error),
        }
        let mut options = OpenOptions::new();
        options.write(true).create_new(true).mode(0o644);
        dir.open_with(".git", &options)?.write_all(content.as_bytes())
    }
}
