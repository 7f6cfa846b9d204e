//! The bounds of a command that can be seen from inside its container.

use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

use crate::builtin::WORKSPACE_INSIDE;
use crate::launcher::policy::{Outcome, Policy};
use crate::launcher::watch;

/// Where a container finds its own control group, and in it what the kernel killed for want of memory.
const EVENTS: [&str; 2] = ["/sys/fs/cgroup/memory/memory.oom_control", "/sys/fs/cgroup/memory.events"];

/// Nameless files are looked for this often.
const FILES_EVERY: Duration = Duration::from_millis(500);

pub(super) struct Bounds<'a> {
    policy: &'a Policy,
    /// The file with the count of kills, and what it was before the command.
    group: Option<(&'static Path, u64)>,
    next: Instant,
}

impl<'a> Bounds<'a> {
    pub(super) fn new(policy: &'a Policy) -> Self {
        let group = EVENTS.into_iter().map(Path::new).find_map(|file| Some((file, kills(file)?)));
        Self { policy, group, next: Instant::now() + FILES_EVERY }
    }

    /// Whether the kernel bounds memory and processes.
    pub(super) fn has_group(&self) -> bool {
        self.group.is_some()
    }

    pub(super) fn out_of_memory(&self) -> bool {
        self.group.is_some_and(|(file, before)| kills(file).is_some_and(|kills| kills > before))
    }

    pub(super) fn broken_bound(&mut self) -> Option<Outcome> {
        let limits = &self.policy.limits;
        if self.out_of_memory() {
            return Some(Outcome::OutOfMemory);
        }
        let due = Instant::now() >= self.next;
        if self.group.is_some() && !due {
            return None;
        }
        let processes = watch::others();
        if self.group.is_none() {
            if watch::memory(&processes, limits.memory_bytes) > limits.memory_bytes {
                return Some(Outcome::OutOfMemory);
            }
            if watch::threads(&processes) > limits.pids {
                return Some(Outcome::TooManyProcesses);
            }
        }
        if due {
            self.next = Instant::now() + FILES_EVERY;
            // Those with a name are measured from outside.
            let nameless = watch::nameless(&processes, Path::new(WORKSPACE_INSIDE));
            return (nameless > limits.workspace_bytes).then_some(Outcome::WorkspaceFull);
        }
        None
    }
}

fn kills(file: &Path) -> Option<u64> {
    let text = fs::read_to_string(file).ok()?;
    text.lines().find_map(|line| line.strip_prefix("oom_kill "))?.trim().parse().ok()
}
