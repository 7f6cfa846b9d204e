//! Whose files a workspace holds.
//!
//! When squad runs as root, commands run as a user of their own on the host, so that even a broken wall leaves them with
//! no rights; that user must own what it may write. When squad runs as an ordinary user, commands run as that user. Root of
//! a user namespace that knows no other user (a rootless container, say) is an ordinary user.

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
    let known = |map: &str| is_mapped(&std::fs::read_to_string(map).unwrap_or_default(), SANDBOX_ID);
    let root = rustix::process::geteuid().is_root();
    (root && known("/proc/self/uid_map") && known("/proc/self/gid_map")).then_some((SANDBOX_ID, SANDBOX_ID))
}

/// Whether a map of users (`user_namespaces(7)`: first id inside, first id outside, how many) knows the id inside.
fn is_mapped(map: &str, id: u32) -> bool {
    map.lines().any(|line| {
        let mut fields = line.split_whitespace().map(str::parse::<u32>);
        match (fields.next(), fields.nth(1)) {
            (Some(Ok(first)), Some(Ok(count))) => id.checked_sub(first).is_some_and(|at| at < count),
            _ => false,
        }
    })
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_users_of_the_namespace_are_known() {
        assert!(is_mapped("         0          0 4294967295\n", SANDBOX_ID));
        assert!(is_mapped("0 1000 1\n1 100000 65536\n", SANDBOX_ID));
        assert!(!is_mapped("         0       1000          1\n", SANDBOX_ID));
        assert!(!is_mapped("0 1000 1\n1 100000 64316\n", SANDBOX_ID));
        assert!(!is_mapped("", SANDBOX_ID));
    }
}
