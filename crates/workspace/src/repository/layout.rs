//! Where things lie in the private folder of an execution.
//!
//! ```text
//! <private>/import.json             what was imported; written before `repo.git` appears
//! <private>/repo.git/               the bare clone
//! <private>/repo.git/worktrees/<n>  HEAD and index of a worktree, out of reach of its files
//! <private>/worktrees/<n>/          the files of a worktree; `.spare` is one that is made ahead
//! <private>/locks/                  see `lock.rs`
//! ```

use std::io;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use crate::error::{Error, Result};

#[derive(Debug, Clone)]
pub(crate) struct Layout {
    root: PathBuf,
}

impl Layout {
    /// Creates the folder and makes its path absolute and free of symbolic links.
    pub(crate) fn create(root: &Path) -> Result<Self> {
        std::fs::create_dir_all(root).map_err(Error::io("create", root))?;
        Self::open(root)
    }

    pub(crate) fn open(root: &Path) -> Result<Self> {
        let root = root.canonicalize().map_err(|_| Error::NotImported { path: root.to_owned() })?;
        Ok(Self { root })
    }

    pub(crate) fn root(&self) -> &Path {
        &self.root
    }

    pub(crate) fn git_dir(&self) -> PathBuf {
        self.root.join("repo.git")
    }

    pub(crate) fn partial_git_dir(&self) -> PathBuf {
        self.root.join("repo.git.partial")
    }

    pub(crate) fn import_record(&self) -> PathBuf {
        self.root.join("import.json")
    }

    /// What is locked while a worktree is worked on, or the import.
    pub(crate) fn lock(&self, name: &str) -> PathBuf {
        self.root.join("locks").join(name)
    }

    pub(crate) fn clone_config(&self) -> PathBuf {
        self.root.join("clone.gitconfig")
    }

    pub(crate) fn worktree(&self, name: &str) -> PathBuf {
        self.root.join("worktrees").join(name)
    }

    pub(crate) fn worktree_admin(&self, name: &str) -> PathBuf {
        self.git_dir().join("worktrees").join(name)
    }
}

/// Writes a file so that a reader, or a crash, sees either the old or the new content.
pub(crate) fn write_atomically(path: &Path, content: &[u8]) -> Result<()> {
    use std::io::Write;
    let folder = path.parent().unwrap_or(Path::new("/"));
    let write = || -> io::Result<()> {
        let mut file = tempfile::NamedTempFile::new_in(folder)?;
        file.write_all(content)?;
        // The sandbox's user reads some of these; the default of temporary files is 0600.
        file.as_file().set_permissions(std::fs::Permissions::from_mode(0o644))?;
        file.as_file().sync_all()?;
        file.persist(path).map_err(|error| error.error)?;
        Ok(())
    };
    write().map_err(Error::io("write", path))
}

/// `rm -rf`, which also opens folders that their owner closed. Symbolic links are removed, never followed.
pub(crate) fn remove_tree(path: &Path) -> io::Result<()> {
    let remove = || match path.symlink_metadata() {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        Err(error) => Err(error),
        Ok(metadata) if metadata.is_dir() => std::fs::remove_dir_all(path),
        Ok(_) => std::fs::remove_file(path),
    };
    match remove() {
        Err(error) if error.kind() == io::ErrorKind::PermissionDenied => {
            open_folders(path)?;
            remove()
        }
        other => other,
    }
}

fn open_folders(path: &Path) -> io::Result<()> {
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o700))?;
    for entry in std::fs::read_dir(path)? {
        let entry = entry?;
        if entry.file_type()?.is_dir() {
            open_folders(&entry.path())?;
        }
    }
    Ok(())
}
