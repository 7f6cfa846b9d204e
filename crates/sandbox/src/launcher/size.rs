//! What a folder holds on the disk, whatever those who fill it do to hide it.
//!
//! Commands may own what is measured, so they may close their folders (no permission to list or to enter) and nest them
//! deeper than a path can be long. Where the one who measures has root's rights, or owns the folder, neither helps: a
//! closed folder is opened for the moment, and a deep one is reached from an open folder on the way.

use std::collections::HashSet;
use std::ffi::OsStr;
use std::io;
use std::os::fd::{AsRawFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::rc::Rc;

use rustix::fs::{AtFlags, CWD, Dir, FileType, Mode, OFlags, RawMode, ResolveFlags, Stat};

/// A folder, named but not opened: nobody's permission is needed for that.
const PLACE: OFlags = OFlags::PATH.union(OFlags::DIRECTORY).union(OFlags::NOFOLLOW).union(OFlags::CLOEXEC);
const LISTING: OFlags = OFlags::RDONLY.union(OFlags::DIRECTORY).union(OFlags::CLOEXEC);
/// Half of what Linux takes for a path (`PATH_MAX`).
const LONG: usize = 2048;
/// To list a folder and to look at what is in it.
const OPEN: RawMode = 0o500;

enum Step {
    /// A folder below another one that is held.
    Folder(Rc<OwnedFd>, PathBuf),
    /// One that was opened, and is closed again when everything below it is counted.
    Close { place: Rc<OwnedFd>, before: RawMode, opened: RawMode },
}

/// Bytes on disk of everything below `path`; a file with several names counts once.
pub(crate) fn size_of_folder(path: &Path) -> u64 {
    let mut size = Size::default();
    let top = OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC;
    if let Ok(top) = rustix::fs::openat(CWD, path, top, Mode::empty()) {
        let top = Rc::new(top);
        size.count(&top, &top, Path::new(""));
    }
    while let Some(step) = size.steps.pop() {
        match step {
            Step::Folder(above, path) => {
                // What is gone by now holds nothing.
                let beneath = ResolveFlags::BENEATH | ResolveFlags::NO_SYMLINKS;
                if let Ok(place) = rustix::fs::openat2(&*above, &path, PLACE, Mode::empty(), beneath) {
                    size.count(&Rc::new(place), &above, &path);
                }
            }
            Step::Close { place, before, opened } => {
                // Its owner may have chosen another mode meanwhile.
                if rustix::fs::fstat(&*place).is_ok_and(|status| mode(&status) == opened) {
                    let _ = change_mode(&place, before);
                }
            }
        }
    }
    size.bytes
}

#[derive(Default)]
struct Size {
    bytes: u64,
    seen: HashSet<u64>,
    /// Last in, first out: all below a folder comes before it is closed.
    steps: Vec<Step>,
}

impl Size {
    /// Counts what is in a folder, which lies at `path` below `above`.
    fn count(&mut self, place: &Rc<OwnedFd>, above: &Rc<OwnedFd>, path: &Path) {
        self.open(place);
        let Ok(listing) = rustix::fs::openat(CWD, link(place), LISTING, Mode::empty()).and_then(Dir::new)
        else {
            return;
        };
        let (above, path) =
            if path.as_os_str().len() < LONG { (above, path) } else { (place, Path::new("")) };
        for entry in listing.flatten() {
            let name = entry.file_name();
            if name == c"." || name == c".." {
                continue;
            }
            let Ok(status) = rustix::fs::statat(&**place, name, AtFlags::SYMLINK_NOFOLLOW) else { continue };
            let is_folder = FileType::from_raw_mode(status.st_mode) == FileType::Directory;
            if status.st_nlink > 1 && !is_folder && !self.seen.insert(status.st_ino) {
                continue;
            }
            self.bytes += u64::try_from(status.st_blocks).unwrap_or(0) * 512;
            if is_folder {
                let path = path.join(OsStr::from_bytes(name.to_bytes()));
                self.steps.push(Step::Folder(Rc::clone(above), path));
            }
        }
    }

    /// Opens a folder that its owner, who we are, has closed. Root needs no permission.
    fn open(&mut self, place: &Rc<OwnedFd>) {
        let Ok(status) = rustix::fs::fstat(&**place) else { return };
        let me = rustix::process::geteuid();
        let (before, opened) = (mode(&status), mode(&status) | OPEN);
        if !me.is_root()
            && before != opened
            && status.st_uid == me.as_raw()
            && change_mode(place, opened).is_ok()
        {
            self.steps.push(Step::Close { place: Rc::clone(place), before, opened });
        }
    }
}

fn mode(status: &Stat) -> RawMode {
    status.st_mode & 0o7777
}

/// The way to a folder that is named but not opened. It leads there and nowhere else, whatever is moved meanwhile.
fn link(place: &OwnedFd) -> PathBuf {
    format!("/proc/self/fd/{}", place.as_raw_fd()).into()
}

fn change_mode(place: &OwnedFd, mode: RawMode) -> io::Result<()> {
    Ok(rustix::fs::chmodat(CWD, link(place), Mode::from_raw_mode(mode), AtFlags::empty())?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    #[test]
    fn a_file_with_two_names_counts_once_and_a_hole_not_at_all() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("a");
        fs::write(&file, vec![1_u8; 1 << 20]).unwrap();
        fs::hard_link(&file, folder.path().join("b")).unwrap();
        fs::File::create(folder.path().join("hole")).unwrap().set_len(1 << 30).unwrap();
        let size = size_of_folder(folder.path());
        assert!(((1 << 20)..(2 << 20)).contains(&size), "{size}");
    }

    #[test]
    fn what_a_link_leads_to_does_not_count() {
        let (folder, elsewhere) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        fs::write(elsewhere.path().join("a"), vec![1_u8; 1 << 20]).unwrap();
        std::os::unix::fs::symlink(elsewhere.path(), folder.path().join("link")).unwrap();
        assert!(size_of_folder(folder.path()) < 1 << 20);
        let through = elsewhere.path().join("top");
        std::os::unix::fs::symlink(elsewhere.path(), &through).unwrap();
        assert!(size_of_folder(&through) >= 1 << 20, "the folder itself may be named by a link");
    }
}
