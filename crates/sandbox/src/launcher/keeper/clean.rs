//! Removes what a command left in memory, so that the next one in the container finds nothing of it.

use std::fs;
use std::io;
use std::path::Path;

use crate::launcher::policy::{Node, NodeKind};

/// Where POSIX message queues live, and lists of what System V's calls made: both outlive their processes.
const QUEUES: &str = "/dev/mqueue";
const SYSTEM_V: [&str; 3] = ["/proc/sysvipc/shm", "/proc/sysvipc/msg", "/proc/sysvipc/sem"];

/// Whether nothing is left. No command runs meanwhile.
pub(super) fn sweep(nodes: &[Node]) -> bool {
    let in_memory = nodes.iter().filter(|node| matches!(node.kind, NodeKind::Tmpfs { .. }));
    let folders = in_memory.map(|node| node.target.as_path()).chain([Path::new(QUEUES)]);
    folders.filter(|folder| folder.is_dir()).map(empty).all(|emptied| emptied.is_ok())
        && SYSTEM_V.iter().all(|list| has_one_line_at_most(Path::new(list)))
}

fn empty(folder: &Path) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        if entry.file_type()?.is_dir() {
            fs::remove_dir_all(entry.path())?;
        } else {
            fs::remove_file(entry.path())?;
        }
    }
    Ok(())
}

/// The first line says what the columns are.
fn has_one_line_at_most(list: &Path) -> bool {
    fs::read_to_string(list).is_ok_and(|text| text.lines().count() <= 1) || !list.exists()
}
