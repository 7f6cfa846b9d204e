//! Cargo's home: private and writable, with the packages that the user has fetched already.
//!
//! As long as a project has fetched nothing itself, it sees the user's packages, read-only. With a grant to fetch, it has
//! packages of its own from then on. The private folder belongs to commands, which may be running: every step in it goes
//! through a folder's descriptor, so that no link of theirs leads this process elsewhere.

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

/// Where the command's `CARGO_HOME` is below its home folder.
pub(crate) const PRIVATE: &str = ".cargo";

/// Makes the private `CARGO_HOME` in `cache`, with the user's settings unless they hold a secret.
pub(crate) fn prepare_cargo(host: &Path, cache: &Path) -> Result<(), SandboxError> {
    let result = (|| {
        let top = rustix::fs::openat(CWD, cache, FOLDER, Mode::empty())?;
        let Some(private) = subfolder(top.as_fd(), OsStr::new(PRIVATE))? else { return Ok(()) };
        ["config.toml", "config"]
            .iter()
            .try_for_each(|name| copy_settings(&host.join(name), private.as_fd(), name))
    })();
    result.map_err(SandboxError::io(format!("set up cargo's home in `{}`", cache.display())))
}

/// The parts of the user's `CARGO_HOME` that are seen inside: all packages, or none where the project has its own.
pub(crate) fn shared_packages(host: &Path, cache: Option<&Path>, hosts: &[String]) -> Vec<PathBuf> {
    let may_fetch = hosts.iter().any(|host| host.contains("crates") || host.contains("cargo"));
    let has_own = cache.is_some_and(|cache| cache.join(PRIVATE).join("registry/cache").exists());
    if may_fetch || has_own {
        return Vec::new();
    }
    ["registry", "git"].into_iter().filter(|part| host.join(part).is_dir()).map(PathBuf::from).collect()
}

const FOLDER: OFlags = OFlags::RDONLY.union(OFlags::DIRECTORY).union(OFlags::NOFOLLOW).union(OFlags::CLOEXEC);

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
fn subfolder(parent: BorrowedFd<'_>, name: &OsStr) -> io::Result<Option<OwnedFd>> {
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

    #[test]
    fn a_link_that_a_command_planted_is_not_followed() {
        let (host, cache, elsewhere) = (folder(), folder(), folder());
        fs::write(host.path().join("config.toml"), "[net]\noffline = true").unwrap();
        std::os::unix::fs::symlink(elsewhere.path(), cache.path().join(PRIVATE)).unwrap();
        prepare_cargo(host.path(), cache.path()).unwrap();
        assert_eq!(fs::read_dir(elsewhere.path()).unwrap().count(), 0);
    }

    #[test]
    fn settings_come_along_unless_they_hold_a_secret() {
        for (text, comes) in [("[build]\njobs = 2", true), ("[registries.a]\ntoken = \"x\"", false)] {
            let (host, cache) = (folder(), folder());
            fs::write(host.path().join("config.toml"), text).unwrap();
            prepare_cargo(host.path(), cache.path()).unwrap();
            assert_eq!(cache.path().join(".cargo/config.toml").exists(), comes, "{text}");
        }
    }

    #[test]
    fn the_users_packages_are_seen_until_the_project_has_its_own() {
        let (host, cache) = (folder(), folder());
        fs::create_dir(host.path().join("registry")).unwrap();
        let seen = |hosts: &[&str]| {
            let hosts: Vec<String> = hosts.iter().map(ToString::to_string).collect();
            shared_packages(host.path(), Some(cache.path()), &hosts).len()
        };
        assert_eq!((seen(&[]), seen(&["npm.example"]), seen(&["crates.example"])), (1, 1, 0));
        fs::create_dir_all(cache.path().join(".cargo/registry/cache")).unwrap();
        assert_eq!(seen(&[]), 0);
    }

    fn folder() -> tempfile::TempDir {
        tempfile::tempdir().unwrap()
    }
}
