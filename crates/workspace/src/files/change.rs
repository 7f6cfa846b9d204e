//! Writing and deleting. A file is replaced by renaming a finished one over it: a reader never sees half of it, and a
//! hard link elsewhere keeps its own content.

use std::io::Write;

use cap_std::fs::{Dir, MetadataExt, OpenOptions, OpenOptionsExt, Permissions, PermissionsExt};
use serde::{Deserialize, Serialize};

use super::{FileError, PathPolicy, RelativePath, Result, Root};

/// A file that was written.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Written {
    /// The path.
    pub path: String,
    /// Bytes written.
    pub bytes: usize,
    /// Whether the file was not there before.
    pub created: bool,
}

impl std::fmt::Display for Written {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let done = if self.created { "created" } else { "replaced" };
        writeln!(f, "{done} `{}` ({} bytes)", self.path, self.bytes)
    }
}

pub(super) fn write(root: &Root, path: &str, content: &[u8], policy: &PathPolicy) -> Result<Written> {
    let path = root.parse(path)?;
    policy.compile()?.check_change(&path)?;
    let created = replace(root, &path, content)?;
    Ok(Written { path: path.to_string(), bytes: content.len(), created })
}

/// Puts a file in place; true when there was none. The permissions of an old one are kept.
pub(super) fn replace(root: &Root, path: &RelativePath, content: &[u8]) -> Result<bool> {
    let Some((folders, name)) = path.split_last() else {
        return Err(FileError::IsFolder { path: path.to_string() });
    };
    let dir = root.make_folder(folders)?;
    let mode = match dir.symlink_metadata(name) {
        Ok(metadata) if metadata.is_file() => Some(metadata.mode() & 0o777),
        Ok(metadata) if metadata.is_dir() => return Err(FileError::IsFolder { path: path.to_string() }),
        Ok(metadata) if metadata.is_symlink() => {
            let target = dir.read_link_contents(name).unwrap_or_default().display().to_string();
            return Err(FileError::Link { path: path.to_string(), target });
        }
        Ok(_) => return Err(FileError::Special { path: path.to_string() }),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => None,
        Err(error) => return Err(FileError::io("write", path)(error)),
    };
    let temporary = temporary_name(&dir);
    let result =
        fill(root, &dir, &temporary, content, mode).and_then(|()| dir.rename(&temporary, &dir, name));
    if result.is_err() {
        // The first error is the one to tell.
        let _ = dir.remove_file(&temporary);
    }
    result.map_err(FileError::io("write", path))?;
    Ok(mode.is_none())
}

/// A name that is free. What a crash leaves behind under it is not in the next tree, so restoring deletes it.
fn temporary_name(dir: &Dir) -> String {
    (0..)
        .map(|number| format!(".squad-new-{number}"))
        .find(|name| dir.symlink_metadata(name).is_err())
        .unwrap_or_default()
}

fn fill(root: &Root, dir: &Dir, name: &str, content: &[u8], mode: Option<u32>) -> std::io::Result<()> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true).mode(0o644);
    let mut file = dir.open_with(name, &options)?;
    file.write_all(content)?;
    root.give(dir, name)?;
    file.set_permissions(Permissions::from_mode(mode.unwrap_or(0o644)))?;
    Ok(())
}

pub(super) fn delete(root: &Root, path: &str, policy: &PathPolicy) -> Result<()> {
    let path = root.parse(path)?;
    policy.compile()?.check_change(&path)?;
    let Some((folders, name)) = path.split_last() else {
        return Err(FileError::IsFolder { path: path.to_string() });
    };
    let dir = root.folder(folders)?;
    let metadata = dir.symlink_metadata(name).map_err(FileError::io("delete", &path))?;
    if metadata.is_dir() {
        return Err(FileError::IsFolder { path: path.to_string() });
    }
    dir.remove_file(name).map_err(FileError::io("delete", &path))
}
