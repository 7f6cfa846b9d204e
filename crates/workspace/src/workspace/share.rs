//! Handing on what a setup command left: installed packages, build output, whatever git does not record.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use super::Workspace;
use super::checkpoint::is_real_folder;
use crate::error::{Error, Result};
use crate::repository::remove_tree;

/// The name of a copy that is not finished.
const PART: &str = ".squad-part";

impl Workspace {
    /// Copies the ignored files of this worktree into another one, as clones of their blocks where the filesystem can.
    /// What is there already stays. Performing it again is fine. No command may be running in either.
    ///
    /// # Errors
    /// What git or `cp` said.
    pub async fn share_ignored(&self, other: &Self) -> Result<()> {
        let listing = {
            let state = self.exclusive().await?;
            let query = [
                "ls-files",
                "-z",
                "--others",
                "--ignored",
                "--exclude-standard",
                "--directory",
                "--no-empty-directory",
            ];
            self.git(&state).command(query).run().await?
        };
        let target = other.path();
        for entry in listing.stdout.split(|byte| *byte == 0).filter(|entry| !entry.is_empty()) {
            let relative = Path::new(OsStr::from_bytes(entry.strip_suffix(b"/").unwrap_or(entry)));
            let parent = relative.parent().unwrap_or(Path::new(""));
            // A link where this worktree has a folder would lead the copy out of the other one.
            if relative.components().any(|part| part.as_os_str() == ".git")
                || !is_real_folder(&target, parent)
            {
                continue;
            }
            place(self.path().join(relative), target.join(relative)).await?;
        }
        Ok(())
    }
}

/// Puts a copy where nothing is. A file that `cp` finds in its way it would write into, even behind a link that somebody
/// planted there: so each copy is made under a new name, and becomes visible as a whole.
async fn place(from: PathBuf, to: PathBuf) -> Result<()> {
    let is_folder = |path: &Path| path.symlink_metadata().is_ok_and(|metadata| metadata.is_dir());
    let mut waiting = vec![(from, to)];
    while let Some((from, to)) = waiting.pop() {
        if to.symlink_metadata().is_err() {
            let part = to.with_file_name(PART);
            // Of an attempt that was cut off.
            remove_tree(&part).map_err(Error::io("remove", &part))?;
            copy(&from, &part).await?;
            std::fs::rename(&part, &to).map_err(Error::io("rename", &part))?;
        } else if is_folder(&to) && is_folder(&from) {
            for entry in from.read_dir().map_err(Error::io("list", &from))? {
                let name = entry.map_err(Error::io("list", &from))?.file_name();
                waiting.push((from.join(&name), to.join(&name)));
            }
        }
    }
    Ok(())
}

async fn copy(from: &Path, to: &Path) -> Result<()> {
    let output = tokio::process::Command::new("cp")
        .args(["--archive", "--reflink=auto", "--no-target-directory", "--"])
        .arg(from)
        .arg(to)
        .stdin(Stdio::null())
        .kill_on_drop(true)
        .output()
        .await
        .map_err(Error::io("start `cp` for", from))?;
    if output.status.success() {
        return Ok(());
    }
    let said = String::from_utf8_lossy(&output.stderr).trim().to_owned();
    Err(Error::io("copy", from)(std::io::Error::other(said)))
}
