//! Package caches: private and writable, with links to what the user has fetched already.
//!
//! Links rather than mounts, because tools write beside what they read (locks, newly fetched packages), and rather than
//! hard links, through which a command could write into the user's own files. The cache belongs to commands, which may be
//! running: every step goes through a folder's descriptor, so that no link of theirs leads this process elsewhere.

use std::ffi::OsStr;
use std::fs;
use std::io::{self, Write};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::path::{Path, PathBuf};

use rustix::fs::{AtFlags, CWD, Gid, Mode, OFlags, Uid};
use rustix::io::Errno;

use super::credentials;
use crate::SandboxError;
use crate::builtin::workspace_owner;

/// Makes a private `CARGO_HOME` in `cache` in which `cargo --offline` finds every package that the user's own has.
pub(crate) fn link_cargo(host: &Path, cache: &Path) -> Result<(), SandboxError> {
    let result = (|| {
        let top = rustix::fs::openat(CWD, cache, FOLDER, Mode::empty())?;
        let Some(private) = folder(top.as_fd(), OsStr::new(".cargo"))? else { return Ok(()) };
        // Sparse index: one file per package, five levels down. Archives and sources: one entry per package.
        for (group, part, depth) in
            [("registry", "index", 5), ("registry", "cache", 1), ("registry", "src", 1), ("git", "db", 0)]
        {
            let from = host.join(group).join(part);
            if from.is_dir()
                && let Some(group) = folder(private.as_fd(), OsStr::new(group))?
                && let Some(part) = folder(group.as_fd(), OsStr::new(part))?
            {
                link_entries(&from, part.as_fd(), depth)?;
            }
        }
        ["config.toml", "config"]
            .iter()
            .try_for_each(|name| copy_settings(&host.join(name), private.as_fd(), name))
    })();
    result.map_err(SandboxError::io(format!("link the packages of `{}` into the cache", host.display())))
}

const FOLDER: OFlags = OFlags::RDONLY.union(OFlags::DIRECTORY).union(OFlags::NOFOLLOW).union(OFlags::CLOEXEC);

/// Makes the same folders down to `depth` and links what is in them. What is there already stays.
fn link_entries(host: &Path, private: BorrowedFd<'_>, depth: usize) -> io::Result<()> {
    let Ok(entries) = fs::read_dir(host) else { return Ok(()) };
    for entry in entries.flatten() {
        let name = entry.file_name();
        if depth > 0 && entry.file_type()?.is_dir() {
            if let Some(below) = folder(private, &name)? {
                link_entries(&entry.path(), below.as_fd(), depth - 1)?;
            }
            continue;
        }
        match rustix::fs::symlinkat(entry.path(), private, name.as_os_str()) {
            Ok(()) => own(private, &name)?,
            Err(Errno::EXIST) => {}
            Err(error) => return Err(error.into()),
        }
    }
    Ok(())
}

/// The user's settings, unless they hold a secret.
fn copy_settings(from: &PathBuf, private: BorrowedFd<'_>, name: &str) -> io::Result<()> {
    if !from.is_file() || credentials::mentions_secret(from) {
        return Ok(());
    }
    let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    match rustix::fs::openat(private, name, flags, Mode::from_raw_mode(0o644)) {
        Ok(file) => {
            fs::File::from(file).write_all(&fs::read(from)?)?;
            own(private, OsStr::new(name))
        }
        Err(Errno::EXIST) => Ok(()),
        Err(error) => Err(error.into()),
    }
}

/// The folder `name`, made if it is not there; nothing when a command put something else in its place.
fn folder(parent: BorrowedFd<'_>, name: &OsStr) -> io::Result<Option<OwnedFd>> {
    match rustix::fs::mkdirat(parent, name, Mode::from_raw_mode(0o755)) {
        Ok(()) => own(parent, name)?,
        Err(Errno::EXIST) => {}
        Err(error) => return Err(error.into()),
    }
    match rustix::fs::openat(parent, name, FOLDER, Mode::empty()) {
        Ok(folder) => Ok(Some(folder)),
        Err(Errno::NOTDIR | Errno::LOOP) => Ok(None),
        Err(error) => Err(error.into()),
    }
}

fn own(parent: BorrowedFd<'_>, name: &OsStr) -> io::Result<()> {
    let Some((uid, gid)) = workspace_owner() else { return Ok(()) };
    let (uid, gid) = (Uid::from_raw(uid), Gid::from_raw(gid));
    Ok(rustix::fs::chownat(parent, name, Some(uid), Some(gid), AtFlags::SYMLINK_NOFOLLOW)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn host() -> tempfile::TempDir {
        let host = tempfile::tempdir().unwrap();
        fs::create_dir_all(host.path().join("registry/cache/index-1")).unwrap();
        fs::write(host.path().join("registry/cache/index-1/a-1.0.0.crate"), "a").unwrap();
        host
    }

    #[test]
    fn fetched_packages_are_linked_and_later_ones_as_well() {
        let (host, cache) = (host(), tempfile::tempdir().unwrap());
        link_cargo(host.path(), cache.path()).unwrap();
        fs::write(host.path().join("registry/cache/index-1/b-1.0.0.crate"), "b").unwrap();
        link_cargo(host.path(), cache.path()).unwrap();
        let linked = cache.path().join(".cargo/registry/cache/index-1");
        assert_eq!(fs::read_to_string(linked.join("a-1.0.0.crate")).unwrap(), "a");
        assert_eq!(fs::read_to_string(linked.join("b-1.0.0.crate")).unwrap(), "b");
    }

    #[test]
    fn a_link_that_a_command_planted_is_not_followed() {
        let (host, cache, elsewhere) = (host(), tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        std::os::unix::fs::symlink(elsewhere.path(), cache.path().join(".cargo")).unwrap();
        link_cargo(host.path(), cache.path()).unwrap();
        assert_eq!(fs::read_dir(elsewhere.path()).unwrap().count(), 0);
    }
}
