//! Whose files a workspace holds.
//!
//! When squad runs as root, commands run as a user of their own on the host, so that even a broken wall leaves them with
//! no rights; that user must own what it may write. When squad runs as an ordinary user, commands run as that user.

use std::io;
use std::os::fd::{AsFd, BorrowedFd};
use std::path::Path;

use rustix::fs::{AtFlags, CWD, Dir, FileType, Gid, Mode, OFlags, Uid};
use rustix::io::Errno;

use crate::SandboxError;

/// The host's user and group id of commands when squad runs as root. High, so that it collides with no account of a
/// distribution, and below 65534 (`nobody`), so that it fits into 16 bits.
pub const SANDBOX_ID: u32 = 64_317;

/// Who must own files that commands in a workspace may write: `None` when squad runs as an ordinary user, because then
/// it is that user, and nothing needs to be changed.
pub fn workspace_owner() -> Option<(u32, u32)> {
    rustix::process::geteuid().is_root().then_some((SANDBOX_ID, SANDBOX_ID))
}

/// Gives everything below `folder` to the user of commands, if that is another than ours. Git metadata at the top keeps
/// its owner: it is never writable inside.
pub(crate) fn hand_over(folder: &Path, is_workspace: bool) -> Result<(), SandboxError> {
    let Some((uid, gid)) = workspace_owner() else { return Ok(()) };
    let owner = Owner { uid: Uid::from_raw(uid), gid: Gid::from_raw(gid) };
    let result = (|| {
        let top = rustix::fs::openat(CWD, folder, FOLDER, Mode::empty())?;
        rustix::fs::fchown(top.as_fd(), Some(owner.uid), Some(owner.gid))?;
        owner.give(top.as_fd(), if is_workspace { Some(c".git") } else { None })
    })();
    result.map_err(SandboxError::io(format!("give `{}` to the sandbox's user", folder.display())))
}

const FOLDER: OFlags = OFlags::RDONLY.union(OFlags::DIRECTORY).union(OFlags::NOFOLLOW).union(OFlags::CLOEXEC);

const GONE: [Option<i32>; 3] =
    [Some(Errno::NOENT.raw_os_error()), Some(Errno::NOTDIR.raw_os_error()), Some(Errno::LOOP.raw_os_error())];

struct Owner {
    uid: Uid,
    gid: Gid,
}

impl Owner {
    /// Through descriptors and without following links: commands of another session may be moving files meanwhile.
    fn give(&self, folder: BorrowedFd<'_>, except: Option<&std::ffi::CStr>) -> io::Result<()> {
        for entry in Dir::read_from(folder)? {
            let entry = entry?;
            let name = entry.file_name();
            if name == c"." || name == c".." || Some(name) == except {
                continue;
            }
            match self.give_one(folder, name) {
                // It was removed or replaced meanwhile.
                Err(error) if GONE.contains(&error.raw_os_error()) => {}
                result => result?,
            }
        }
        Ok(())
    }

    fn give_one(&self, folder: BorrowedFd<'_>, name: &std::ffi::CStr) -> io::Result<()> {
        let status = rustix::fs::statat(folder, name, AtFlags::SYMLINK_NOFOLLOW)?;
        let kind = FileType::from_raw_mode(status.st_mode);
        // A file with several names may be somebody else's as well (git hard-links objects of local clones).
        let shared = kind == FileType::RegularFile && status.st_nlink > 1;
        let ours = status.st_uid == self.uid.as_raw() && status.st_gid == self.gid.as_raw();
        if !shared && !ours {
            rustix::fs::chownat(folder, name, Some(self.uid), Some(self.gid), AtFlags::SYMLINK_NOFOLLOW)?;
        }
        if kind == FileType::Directory {
            let below = rustix::fs::openat(folder, name, FOLDER, Mode::empty())?;
            self.give(below.as_fd(), None)?;
        }
        Ok(())
    }
}
