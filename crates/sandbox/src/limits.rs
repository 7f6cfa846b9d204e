//! What one command may use.

use std::time::Duration;

use serde::{Deserialize, Serialize};

const MIB: u64 = 1024 * 1024;
const GIB: u64 = 1024 * MIB;

/// What one command may use. The defaults are wide enough for the test suites of real projects.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Limits {
    /// Wall-clock time; then the whole process tree is killed. Default: 10 minutes.
    pub wall: Duration,
    /// Memory of the whole process tree, in bytes, without swap. Default: 4 GiB, or three quarters of the machine's
    /// memory where that is less.
    pub memory_bytes: u64,
    /// Processes and threads at one time. Default: 512.
    pub pids: u64,
    /// Processors, as a share (1.5 is one and a half). Default: all.
    pub cpus: Option<f64>,
    /// Open files of one process. Default: 4096.
    pub open_files: u64,
    /// Size of one file, in bytes. Default: 4 GiB.
    pub file_size: u64,
    /// Size of the workspace, in bytes on disk. Default: 8 GiB.
    pub workspace_bytes: u64,
    /// Size of the project's cache (the home folder inside), in bytes on disk. Default: 8 GiB.
    pub cache_bytes: u64,
    /// Size of `/tmp`, in bytes; it is memory. Default: 1 GiB.
    pub tmp_bytes: u64,
    /// Output that is kept, in bytes: the first half and the last half. Default: 256 KiB.
    pub output_bytes: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            wall: Duration::from_mins(10),
            memory_bytes: (4 * GIB).min(machine_memory().unwrap_or(u64::MAX) / 4 * 3),
            pids: 512,
            cpus: None,
            open_files: 4096,
            file_size: 4 * GIB,
            workspace_bytes: 8 * GIB,
            cache_bytes: 8 * GIB,
            tmp_bytes: GIB,
            output_bytes: 256 * 1024,
        }
    }
}

/// `MemTotal` of `/proc/meminfo`, in bytes.
fn machine_memory() -> Option<u64> {
    let text = std::fs::read_to_string("/proc/meminfo").ok()?;
    let line = text.lines().find(|line| line.starts_with("MemTotal:"))?;
    let kib: u64 = line.split_whitespace().nth(1)?.parse().ok()?;
    Some(kib * 1024)
}
