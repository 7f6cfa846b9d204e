//! Pipes and devices where git expects a file: it would wait on them for ever. They are deleted before git looks.

use std::path::Path;

use cap_fs_ext::DirExt;
use cap_std::ambient_authority;
use cap_std::fs::{Dir, FileType};

/// Files that git opens without looking at their kind, in any folder that is not ignored.
const OPENED_BY_GIT: [&str; 3] = [".git", ".gitignore", ".gitattributes"];
/// Always excluded in our clones, so git never enters them; they hold more folders than everything else.
const NEVER_ENTERED: [&str; 2] = ["node_modules", ".venv"];
const DEPTH_LIMIT: usize = 256;

/// Deletes them and returns their paths.
pub(super) fn remove_traps(root: &Path) -> std::io::Result<Vec<String>> {
    let mut removed = Vec::new();
    scrub(&Dir::open_ambient_dir(root, ambient_authority())?, "", false, 0, &mut removed);
    Ok(removed)
}

/// What cannot be listed or deleted is left to git, whose time is limited.
fn scrub(dir: &Dir, prefix: &str, in_repository: bool, depth: usize, removed: &mut Vec<String>) {
    let Ok(entries) = dir.entries() else { return };
    for entry in entries.flatten() {
        let name = entry.file_name();
        let Ok(kind) = entry.file_type() else { continue };
        let path = || format!("{prefix}{}", name.to_string_lossy());
        if kind.is_dir() {
            let skip = depth >= DEPTH_LIMIT || NEVER_ENTERED.iter().any(|skipped| name == *skipped);
            if let Some(inner) = (!skip).then(|| dir.open_dir_nofollow(&name).ok()).flatten() {
                let in_repository = in_repository || name == ".git";
                scrub(&inner, &format!("{}/", path()), in_repository, depth + 1, removed);
            }
        } else if is_special(kind)
            && (in_repository || OPENED_BY_GIT.iter().any(|opened| name == *opened))
            && dir.remove_file(&name).is_ok()
        {
            removed.push(path());
        }
    }
}

fn is_special(kind: FileType) -> bool {
    !kind.is_file() && !kind.is_dir() && !kind.is_symlink()
}
