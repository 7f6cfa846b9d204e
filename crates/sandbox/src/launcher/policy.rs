//! What the launcher is told: the whole policy of one run, as plain data.

use std::path::PathBuf;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::limits::Limits;

/// How the launcher keeps the command apart from the host.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Isolation {
    /// Namespaces made by the launcher itself.
    Namespaces,
    /// Namespaces made by `bwrap`, for hosts that let only that program create user namespaces.
    Bwrap {
        /// Where `bwrap` is.
        program: PathBuf,
    },
    /// Namespaces, mounts and control groups made by a container runtime.
    Container,
    /// None at all: only limits and the end of the process tree.
    Process,
}

/// One thing in the private root.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Node {
    /// Absolute path inside.
    pub(crate) target: PathBuf,
    /// What is there.
    pub(crate) kind: NodeKind,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum NodeKind {
    /// A file or folder of the host.
    Bind { source: PathBuf, writable: bool },
    /// A device of the host that holds no data (`/dev/null` and its like).
    Device { source: PathBuf },
    /// An empty file system in memory; `bytes` bounds it.
    Tmpfs { bytes: u64, mode: u32 },
    /// An empty folder that belongs to the command's user.
    Folder,
    /// A generated file.
    File { text: String },
    /// A symbolic link.
    Link { to: PathBuf },
    /// A file or folder of a bound tree that must not be seen.
    Mask,
}

/// A folder whose size the launcher watches.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Watched {
    pub(crate) path: PathBuf,
    pub(crate) bytes: u64,
    /// What an earlier run left there. A folder that is too full already may be used, so that it can be cleaned up, but it
    /// may not grow.
    pub(crate) known: u64,
    /// Measure again at the end, however short the run was.
    pub(crate) measure_at_end: bool,
}

/// The size of a watched folder.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Measured {
    pub(crate) bytes: u64,
    /// How long it took to find out.
    pub(crate) took: Duration,
}

/// The policy of one run.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Policy {
    pub(crate) isolation: Isolation,
    /// The host user and group to drop to, when the launcher starts as root.
    pub(crate) drop_to: Option<(u32, u32)>,
    pub(crate) nodes: Vec<Node>,
    pub(crate) argv: Vec<String>,
    pub(crate) env: Vec<(String, String)>,
    pub(crate) cwd: PathBuf,
    pub(crate) limits: Limits,
    pub(crate) watch: Vec<Watched>,
    /// The loopback port inside on which the egress proxy listens.
    pub(crate) egress_port: Option<u16>,
}

/// How a run ended, as the launcher tells it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Outcome {
    Exited(i32),
    Signaled(i32),
    TimedOut,
    OutOfMemory,
    TooManyProcesses,
    WorkspaceFull,
    Cancelled,
    /// The sandbox could not be built: nothing of the command ran.
    Setup(String),
}

/// What bounds memory and processes of a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Enforcement {
    /// A control group of its own, bounded by the kernel.
    Cgroup,
    /// `RLIMIT_NPROC` in the private user namespace, and a watcher that sums memory and kills.
    Watcher,
}

/// The launcher's last word.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Verdict {
    pub(crate) outcome: Outcome,
    pub(crate) enforcement: Enforcement,
    /// The Landlock ABI is new enough and the rules are in force.
    pub(crate) landlock: bool,
    /// The last measurement of each watched folder, where there was one.
    pub(crate) measured: Vec<Option<Measured>>,
}
