//! The private root: an empty file system in memory into which just the named things are mounted.
//!
//! Every source is taken as a detached clone (`open_tree`) before the new root covers anything, and every target is
//! resolved inside the new root (`RESOLVE_IN_ROOT`), so that no symbolic link on either side leads elsewhere.

use std::collections::HashMap;
use std::ffi::OsStr;
use std::io::{self, Write};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::path::{Component, Path, PathBuf};

use rustix::fs::{AtFlags, CWD, FileType, Gid, Mode, OFlags, ResolveFlags, Uid};
use rustix::mount::{
    FsMountFlags, FsOpenFlags, MountAttrFlags, MountPropagationFlags, MoveMountFlags, OpenTreeFlags,
    UnmountFlags,
};

use super::error::{Step, StepError};
use super::policy::{Node, NodeKind};
use super::sys;

const RDONLY: u64 = libc::MOUNT_ATTR_RDONLY;
const NOSUID: u64 = libc::MOUNT_ATTR_NOSUID;
const NODEV: u64 = libc::MOUNT_ATTR_NODEV;
const NOEXEC: u64 = libc::MOUNT_ATTR_NOEXEC;

/// Parts of `/proc` that describe or steer the whole machine.
const MASKED_PROC: [&str; 9] =
    ["acpi", "asound", "bus", "fs", "irq", "kcore", "keys", "sysrq-trigger", "timer_list"];

/// Builds the root, enters it, and leaves the host's behind. Returns a private view of `/proc` whose `sys` can be
/// written by whoever has the rights.
pub(crate) fn enter(nodes: &[Node], owner: Option<(u32, u32)>) -> Result<OwnedFd, StepError> {
    rustix::mount::mount_change("/", MountPropagationFlags::REC | MountPropagationFlags::PRIVATE)
        .step("make mounts private")?;

    let mut nodes: Vec<&Node> = nodes.iter().collect();
    nodes.sort_by_key(|node| node.target.components().count());
    let mut sources = take_sources(&nodes)?;
    let proc_private = detached("proc", &[], NOSUID | NODEV | NOEXEC).step("mount `/proc`")?;

    let root = Root { top: new_root().step("mount the private root")?, owner };
    for node in &nodes {
        root.place(node, &mut sources).step(format!("set up `{}` inside", node.target.display()))?;
    }
    root.add_proc().step("set up `/proc` inside")?;
    root.add_devpts().step("set up `/dev/pts` inside")?;
    root.pivot().step("enter the private root")?;
    Ok(proc_private)
}

fn take_sources(nodes: &[&Node]) -> Result<HashMap<PathBuf, OwnedFd>, StepError> {
    let mut sources = HashMap::new();
    for node in nodes {
        let (source, flags) = match &node.kind {
            NodeKind::Bind { source, writable: false } => (source, RDONLY | NOSUID | NODEV),
            NodeKind::Bind { source, writable: true } => (source, NOSUID | NODEV),
            NodeKind::Device { source } => (source, NOSUID | NOEXEC),
            _ => continue,
        };
        let tree = clone_tree(CWD, source, flags).step(format!("bind `{}`", source.display()))?;
        sources.insert(node.target.clone(), tree);
    }
    Ok(sources)
}

fn clone_tree(folder: BorrowedFd<'_>, path: &Path, flags: u64) -> io::Result<OwnedFd> {
    let tree = rustix::mount::open_tree(
        folder,
        path,
        OpenTreeFlags::OPEN_TREE_CLONE
            | OpenTreeFlags::OPEN_TREE_CLOEXEC
            | OpenTreeFlags::AT_RECURSIVE
            | OpenTreeFlags::AT_SYMLINK_NOFOLLOW,
    )?;
    sys::set_mount_flags(tree.as_fd(), flags, true)?;
    Ok(tree)
}

/// A new file system that is mounted nowhere yet.
fn detached(kind: &str, options: &[(&str, &str)], flags: u64) -> io::Result<OwnedFd> {
    let context = rustix::mount::fsopen(kind, FsOpenFlags::FSOPEN_CLOEXEC)?;
    for (key, value) in options {
        rustix::mount::fsconfig_set_string(context.as_fd(), *key, *value)?;
    }
    rustix::mount::fsconfig_create(context.as_fd())?;
    let mount =
        rustix::mount::fsmount(context.as_fd(), FsMountFlags::FSMOUNT_CLOEXEC, MountAttrFlags::empty())?;
    sys::set_mount_flags(mount.as_fd(), flags, false)?;
    Ok(mount)
}

fn attach(mount: BorrowedFd<'_>, target: BorrowedFd<'_>) -> io::Result<()> {
    Ok(rustix::mount::move_mount(
        mount,
        "",
        target,
        "",
        MoveMountFlags::MOVE_MOUNT_F_EMPTY_PATH | MoveMountFlags::MOVE_MOUNT_T_EMPTY_PATH,
    )?)
}

/// Any folder serves: it is covered only in this mount namespace.
fn new_root() -> io::Result<OwnedFd> {
    let mount = detached("tmpfs", &[("size", "4m"), ("mode", "755")], NOSUID | NODEV)?;
    let cover = ["/tmp", "/mnt", "/var", "/usr"]
        .into_iter()
        .find(|path| Path::new(path).is_dir())
        .ok_or_else(|| io::Error::from(io::ErrorKind::NotFound))?;
    let target = rustix::fs::open(cover, OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC, Mode::empty())?;
    attach(mount.as_fd(), target.as_fd())?;
    Ok(mount)
}

struct Root {
    top: OwnedFd,
    owner: Option<(u32, u32)>,
}

impl Root {
    fn place(&self, node: &Node, sources: &mut HashMap<PathBuf, OwnedFd>) -> io::Result<()> {
        let target = node.target.as_path();
        match &node.kind {
            NodeKind::Bind { .. } | NodeKind::Device { .. } => {
                let source = sources.remove(target).expect("every bind was opened before");
                let spot = self.spot(target, is_folder(source.as_fd())?)?;
                attach(source.as_fd(), spot.as_fd())
            }
            NodeKind::Tmpfs { bytes, mode } => {
                let (size, mode) = (bytes.to_string(), format!("{mode:o}"));
                // Inodes are kernel memory: bound them as well, generously.
                let options = [("size", &*size), ("mode", &*mode), ("nr_inodes", "400k")];
                let mount = detached("tmpfs", &options, NOSUID | NODEV)?;
                self.own(mount.as_fd())?;
                attach(mount.as_fd(), self.spot(target, true)?.as_fd())
            }
            NodeKind::Folder => self.own(self.spot(target, true)?.as_fd()),
            NodeKind::File { text } => {
                let (parent, name) = self.parent(target)?;
                let flags =
                    OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL | OFlags::NOFOLLOW | OFlags::CLOEXEC;
                let file = rustix::fs::openat(parent.as_fd(), name, flags, Mode::from_raw_mode(0o644))?;
                std::fs::File::from(file).write_all(text.as_bytes())
            }
            NodeKind::Link { to } => {
                let (parent, name) = self.parent(target)?;
                Ok(rustix::fs::symlinkat(to, parent.as_fd(), name)?)
            }
            NodeKind::Mask => self.mask(target),
        }
    }

    fn own(&self, path: BorrowedFd<'_>) -> io::Result<()> {
        let Some((uid, gid)) = self.owner else { return Ok(()) };
        let (uid, gid) = (Uid::from_raw(uid), Gid::from_raw(gid));
        Ok(rustix::fs::chownat(path, "", Some(uid), Some(gid), AtFlags::EMPTY_PATH)?)
    }

    /// Covers a file with an empty one, a folder with an empty folder. What is not there needs no cover.
    fn mask(&self, target: &Path) -> io::Result<()> {
        let spot = match self.resolve(target) {
            Ok(spot) => spot,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
            Err(error) => return Err(error),
        };
        let cover = detached("tmpfs", &[("size", "4k"), ("mode", "755")], NOSUID | NODEV)?;
        if is_folder(spot.as_fd())? {
            sys::set_mount_flags(cover.as_fd(), RDONLY, false)?;
            return attach(cover.as_fd(), spot.as_fd());
        }
        let name = OsStr::new("empty");
        let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::CLOEXEC;
        drop(rustix::fs::openat(cover.as_fd(), name, flags, Mode::from_raw_mode(0o444))?);
        // A file can be bound only from a mounted tree, so the cover is mounted for a moment.
        let stage = self.spot(Path::new("/.mask"), true)?;
        attach(cover.as_fd(), stage.as_fd())?;
        let file = clone_tree(cover.as_fd(), Path::new(name), RDONLY | NOSUID | NODEV)?;
        attach(file.as_fd(), spot.as_fd())?;
        rustix::mount::unmount(self.under_root("/.mask"), UnmountFlags::DETACH)?;
        Ok(rustix::fs::unlinkat(self.top.as_fd(), ".mask", AtFlags::REMOVEDIR)?)
    }

    /// A path below the new root that can be named from this process.
    fn under_root(&self, path: &str) -> String {
        use std::os::fd::AsRawFd;
        format!("/proc/self/fd/{}{path}", self.top.as_raw_fd())
    }

    fn add_proc(&self) -> io::Result<()> {
        let mount = detached("proc", &[], NOSUID | NODEV | NOEXEC)?;
        attach(mount.as_fd(), self.spot(Path::new("/proc"), true)?.as_fd())?;
        let settings = clone_tree(mount.as_fd(), Path::new("sys"), RDONLY | NOSUID | NODEV | NOEXEC)?;
        attach(settings.as_fd(), self.resolve(Path::new("/proc/sys"))?.as_fd())?;
        for name in MASKED_PROC {
            self.mask(&Path::new("/proc").join(name))?;
        }
        Ok(())
    }

    /// Private pseudo-terminals, for programs that need one.
    fn add_devpts(&self) -> io::Result<()> {
        let options = [("ptmxmode", "0666"), ("mode", "0620"), ("max", "64")];
        let mount = detached("devpts", &options, NOSUID | NOEXEC)?;
        attach(mount.as_fd(), self.spot(Path::new("/dev/pts"), true)?.as_fd())
    }

    fn pivot(&self) -> io::Result<()> {
        let host = rustix::fs::open("/", OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC, Mode::empty())?;
        sys::set_mount_flags(self.top.as_fd(), RDONLY, false)?;
        rustix::process::fchdir(self.top.as_fd())?;
        rustix::process::pivot_root(".", ".")?;
        rustix::process::fchdir(host.as_fd())?;
        rustix::mount::unmount(".", UnmountFlags::DETACH)?;
        rustix::process::chdir("/")?;
        Ok(())
    }

    /// The existing thing at `path` inside; a link is followed inside only.
    fn resolve(&self, path: &Path) -> io::Result<OwnedFd> {
        let relative = path.strip_prefix("/").unwrap_or(path);
        if relative.as_os_str().is_empty() {
            return Ok(rustix::io::fcntl_dupfd_cloexec(self.top.as_fd(), 3)?);
        }
        Ok(rustix::fs::openat2(
            self.top.as_fd(),
            relative,
            OFlags::PATH | OFlags::CLOEXEC,
            Mode::empty(),
            ResolveFlags::IN_ROOT | ResolveFlags::NO_MAGICLINKS,
        )?)
    }

    /// The thing at `path` inside, made if it is not there.
    fn spot(&self, path: &Path, folder: bool) -> io::Result<OwnedFd> {
        match self.resolve(path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            found => return found,
        }
        let (parent, name) = self.parent(path)?;
        let made = if folder {
            rustix::fs::mkdirat(parent.as_fd(), name, Mode::from_raw_mode(0o755))
        } else {
            let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL | OFlags::CLOEXEC;
            rustix::fs::openat(parent.as_fd(), name, flags, Mode::from_raw_mode(0o644)).map(drop)
        };
        match made {
            // Commands that start side by side share the home folder: another one was quicker.
            Ok(()) | Err(rustix::io::Errno::EXIST) => self.resolve(path),
            Err(error) => Err(error.into()),
        }
    }

    fn parent<'a>(&self, path: &'a Path) -> io::Result<(OwnedFd, &'a OsStr)> {
        let Some(Component::Normal(name)) = path.components().next_back() else {
            return Err(io::Error::from(io::ErrorKind::InvalidInput));
        };
        let parent = self.spot(path.parent().unwrap_or(Path::new("/")), true)?;
        Ok((parent, name))
    }
}

fn is_folder(fd: BorrowedFd<'_>) -> io::Result<bool> {
    let status = rustix::fs::fstat(fd)?;
    Ok(FileType::from_raw_mode(status.st_mode) == FileType::Directory)
}
