//! A folder that is opened once and walked by descriptors from then on.

use std::io::Read;
use std::path::Path;

use cap_fs_ext::{DirExt, FollowSymlinks, OpenOptionsFollowExt};
use cap_std::ambient_authority;
use cap_std::fs::{Dir, File, Metadata, OpenOptions, OpenOptionsExt};
use rustix::fs::{AtFlags, Gid, OFlags, Uid, chownat};

use super::{FileError, RelativePath, Result};
use crate::owner::Owner;

#[derive(Debug)]
pub(crate) struct Root {
    dir: Dir,
    mount: Option<String>,
    owner: Option<Owner>,
}

impl Root {
    pub(crate) fn open(folder: &Path, mount: Option<&str>, owner: Option<Owner>) -> Result<Self> {
        let dir = Dir::open_ambient_dir(folder, ambient_authority())
            .map_err(FileError::io("open", folder.display()))?;
        Ok(Self { dir, mount: mount.map(str::to_owned), owner })
    }

    pub(crate) fn parse(&self, path: &str) -> Result<RelativePath> {
        RelativePath::parse(path, self.mount.as_deref())
    }

    /// Opens the folder that a list of names leads to.
    pub(crate) fn folder(&self, parts: &[String]) -> Result<Dir> {
        let mut dir = self.dir.try_clone().map_err(FileError::io("open", "."))?;
        for (at, part) in parts.iter().enumerate() {
            dir = open_folder(&dir, part).map_err(|error| explain(&dir, &parts[..=at], error))?;
        }
        Ok(dir)
    }

    /// As [`Root::folder`], making what is missing.
    pub(crate) fn make_folder(&self, parts: &[String]) -> Result<Dir> {
        let mut dir = self.dir.try_clone().map_err(FileError::io("open", "."))?;
        for (at, part) in parts.iter().enumerate() {
            dir = match open_folder(&dir, part) {
                Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                    let failed = |error| explain(&dir, &parts[..=at], error);
                    match dir.create_dir(part) {
                        Err(error) if error.kind() != std::io::ErrorKind::AlreadyExists => {
                            return Err(failed(error));
                        }
                        _ => {}
                    }
                    let made = open_folder(&dir, part).map_err(failed)?;
                    self.give(&dir, part)
                        .map_err(FileError::io("change the owner of", parts[..=at].join("/")))?;
                    made
                }
                other => other.map_err(|error| explain(&dir, &parts[..=at], error))?,
            };
        }
        Ok(dir)
    }

    /// Opens a regular file for reading.
    pub(crate) fn file(&self, path: &RelativePath) -> Result<(File, Metadata)> {
        let Some((folders, name)) = path.split_last() else {
            return Err(FileError::IsFolder { path: path.to_string() });
        };
        let dir = self.folder(folders)?;
        open_file(&dir, name).map_err(|error| explain(&dir, path.parts(), error)).and_then(
            |(file, metadata)| {
                if metadata.is_file() {
                    Ok((file, metadata))
                } else if metadata.is_dir() {
                    Err(FileError::IsFolder { path: path.to_string() })
                } else {
                    Err(FileError::Special { path: path.to_string() })
                }
            },
        )
    }

    /// The whole content of a file, refused beyond `limit` bytes.
    pub(crate) fn content(&self, path: &RelativePath, limit: u64) -> Result<(Vec<u8>, Metadata)> {
        let (file, metadata) = self.file(path)?;
        let mut bytes = Vec::new();
        file.take(limit + 1).read_to_end(&mut bytes).map_err(FileError::io("read", path))?;
        if bytes.len() as u64 > limit {
            return Err(FileError::TooLarge { path: path.to_string(), size: metadata.len(), limit });
        }
        Ok((bytes, metadata))
    }

    /// The beginning of a file as text, for looking at well-known files; `None` when it is not a readable file.
    pub(crate) fn peek(&self, path: &str, limit: u64) -> Option<String> {
        let (file, _) = self.file(&RelativePath::parse(path, None).ok()?).ok()?;
        let mut bytes = Vec::new();
        file.take(limit).read_to_end(&mut bytes).ok()?;
        Some(String::from_utf8_lossy(&bytes).into_owned())
    }

    /// Hands a new file or folder to the sandbox's user.
    pub(crate) fn give(&self, dir: &Dir, name: &str) -> std::io::Result<()> {
        let Some(owner) = self.owner else { return Ok(()) };
        let (uid, gid) = (Uid::from_raw(owner.uid), Gid::from_raw(owner.gid));
        Ok(chownat(dir, name, Some(uid), Some(gid), AtFlags::SYMLINK_NOFOLLOW)?)
    }
}

/// Opens a folder by one name; a symbolic link is an error.
pub(super) fn open_folder(dir: &Dir, name: &str) -> std::io::Result<Dir> {
    dir.open_dir_nofollow(name)
}

/// Opens whatever has this one name for reading; a symbolic link is an error, and a pipe does not block.
pub(super) fn open_file(dir: &Dir, name: impl AsRef<Path>) -> std::io::Result<(File, Metadata)> {
    let mut options = OpenOptions::new();
    options.read(true).follow(FollowSymlinks::No);
    options.custom_flags(OFlags::NONBLOCK.bits().cast_signed());
    let file = dir.open_with(name, &options)?;
    let metadata = file.metadata()?;
    Ok((file, metadata))
}

/// Says why the last of `parts` could not be opened in `dir`.
fn explain(dir: &Dir, parts: &[String], error: std::io::Error) -> FileError {
    let path = parts.join("/");
    let name = parts.last().map_or(".", String::as_str);
    match dir.symlink_metadata(name) {
        Ok(metadata) if metadata.is_symlink() => {
            let target = dir.read_link_contents(name).unwrap_or_default().display().to_string();
            FileError::Link { path, target }
        }
        Ok(metadata) if metadata.is_dir() => FileError::Io { action: "open", path, source: error },
        Ok(metadata) if metadata.is_file() && error.kind() == std::io::ErrorKind::NotADirectory => {
            FileError::IsFile { path }
        }
        Ok(metadata) if !metadata.is_file() => FileError::Special { path },
        _ => FileError::io("open", path)(error),
    }
}
