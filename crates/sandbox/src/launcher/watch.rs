//! What the kernel does not bound by itself is measured: the size of folders, and, without a control group, the
//! memory and the number of a run's processes.

use std::collections::HashSet;
use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::time::{Duration, Instant};

use super::policy::{Measured, Watched};
use super::size::size_of_folder;

/// A folder is measured at most this often, and never for more than a twentieth of the time.
const MEASURE_EVERY: Duration = Duration::from_millis(500);

/// Watches the size of one folder.
pub(crate) struct DiskWatch<'a> {
    folder: &'a Watched,
    free_at_measure: Option<u64>,
    measured: Option<Measured>,
    next: Instant,
}

impl<'a> DiskWatch<'a> {
    pub(crate) fn new(folder: &'a Watched) -> Self {
        let free_at_measure = free_space(&folder.path);
        Self { folder, free_at_measure, measured: None, next: Instant::now() + MEASURE_EVERY }
    }

    pub(crate) fn measured(&self) -> Option<Measured> {
        self.measured
    }

    /// Whether the folder outgrew its bound. Cheap unless a measurement is due, or the whole disk lost so much room since
    /// the last one that it could be this folder's fault.
    pub(crate) fn outgrown(&mut self, processes: &dyn Fn() -> Vec<i32>) -> bool {
        let used = self.measured.map_or(self.folder.known, |measured| measured.bytes);
        let room = self.bound().saturating_sub(used);
        let lost = match (self.free_at_measure, free_space(&self.folder.path)) {
            (Some(before), Some(now)) => before.saturating_sub(now),
            _ => 0,
        };
        (Instant::now() >= self.next || lost > room) && self.measure(&processes()) > self.bound()
    }

    /// The same at the end of the run, when a short run may have filled the folder between two looks.
    pub(crate) fn full_at_end(&mut self) -> bool {
        (self.folder.measure_at_end || self.measured.is_some()) && self.measure(&[]) > self.bound()
    }

    fn bound(&self) -> u64 {
        self.folder.bytes.max(self.folder.known)
    }

    fn measure(&mut self, processes: &[i32]) -> u64 {
        let start = Instant::now();
        let device = fs::symlink_metadata(&self.folder.path).map_or(0, |status| status.dev());
        let bytes = size_of_folder(&self.folder.path) + size_of_deleted(processes, Some(device));
        let took = start.elapsed();
        self.measured = Some(Measured { bytes, took });
        self.free_at_measure = free_space(&self.folder.path);
        self.next = Instant::now() + MEASURE_EVERY.max(took * 20);
        bytes
    }
}

fn free_space(path: &Path) -> Option<u64> {
    let status = rustix::fs::statvfs(path).ok()?;
    Some(status.f_bfree * status.f_frsize)
}

/// Bytes of files that have no name any more but are held open; on one device, or on any.
fn size_of_deleted(processes: &[i32], device: Option<u64>) -> u64 {
    let mut seen = HashSet::new();
    let mut bytes = 0;
    for process in processes {
        let Ok(entries) = fs::read_dir(format!("/proc/{process}/fd")) else { continue };
        for entry in entries.flatten() {
            let Ok(status) = fs::metadata(entry.path()) else { continue };
            let counts = status.is_file() && status.nlink() == 0;
            if counts
                && device.is_none_or(|device| device == status.dev())
                && seen.insert((status.dev(), status.ino()))
            {
                bytes += status.blocks() * 512;
            }
        }
    }
    bytes
}

/// The processes below `root`, and `root` itself.
pub(crate) fn tree(root: i32) -> Vec<i32> {
    let mut found = vec![root];
    let mut next = 0;
    while let Some(process) = found.get(next).copied() {
        next += 1;
        let Ok(threads) = fs::read_dir(format!("/proc/{process}/task")) else { continue };
        for thread in threads.flatten() {
            let children = fs::read_to_string(thread.path().join("children")).unwrap_or_default();
            found.extend(children.split_whitespace().filter_map(|child| child.parse::<i32>().ok()));
        }
    }
    found
}

/// Threads of the processes.
pub(crate) fn threads(processes: &[i32]) -> u64 {
    processes
        .iter()
        .map(|process| {
            fs::read_dir(format!("/proc/{process}/task")).map_or(0, |threads| threads.count() as u64)
        })
        .sum()
}

/// Memory of the processes, in bytes. Pages that several share count once, but only when it matters, because that
/// is slow to find out.
pub(crate) fn memory(processes: &[i32], bound: u64) -> u64 {
    let page = rustix::param::page_size() as u64;
    let resident: u64 = processes.iter().filter_map(|process| resident_pages(*process)).sum();
    let nameless = size_of_deleted(processes, None);
    if resident * page + nameless <= bound {
        return resident * page + nameless;
    }
    processes.iter().filter_map(|process| proportional(*process)).sum::<u64>() + nameless
}

fn resident_pages(process: i32) -> Option<u64> {
    fs::read_to_string(format!("/proc/{process}/statm")).ok()?.split_whitespace().nth(1)?.parse().ok()
}

fn proportional(process: i32) -> Option<u64> {
    let text = fs::read_to_string(format!("/proc/{process}/smaps_rollup")).ok()?;
    let line = text.lines().find(|line| line.starts_with("Pss:"))?;
    let kib: u64 = line.split_whitespace().nth(1)?.parse().ok()?;
    Some(kib * 1024)
}

/// Every process but this one, as process 1 of a container sees them.
pub(crate) fn others() -> Vec<i32> {
    let entries = fs::read_dir("/proc").into_iter().flatten().flatten();
    let processes = entries.filter_map(|entry| entry.file_name().to_str()?.parse::<i32>().ok());
    processes.filter(|process| *process != std::process::id().cast_signed()).collect()
}

/// Bytes of nameless files on the device of `folder` that the processes hold open.
pub(crate) fn nameless(processes: &[i32], folder: &Path) -> u64 {
    let device = fs::symlink_metadata(folder).map_or(0, |status| status.dev());
    size_of_deleted(processes, Some(device))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_tree_of_this_process_has_its_child() {
        let mut child = std::process::Command::new("sleep").arg("60").spawn().unwrap();
        let found = tree(std::process::id().cast_signed());
        child.kill().unwrap();
        child.wait().unwrap();
        assert!(found.contains(&child.id().cast_signed()));
    }
}
