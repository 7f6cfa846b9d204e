//! Signals, as people, terminals and service managers send them.

use rustix::process::{Pid, Signal, kill_process};
use std::process::Child;

pub(crate) fn send(child: &Child, signal: Signal) {
    let process = Pid::from_raw(child.id().cast_signed()).unwrap();
    kill_process(process, signal).unwrap();
}

/// Freezes a process, at a moment in which it holds neither SQLite's lock for writing, with which nobody could write until
/// it is thawed, nor the lock of a worktree, for which its heir waits minutes before a person is asked.
pub(crate) fn freeze(child: &Child) {
    loop {
        send(child, Signal::STOP);
        let locks = std::fs::read_to_string("/proc/locks").unwrap();
        let process = child.id().to_string();
        // 120: the byte of the index file that whoever writes to the log holds.
        let holds = locks.lines().map(|line| line.split_whitespace().collect::<Vec<_>>()).any(|fields| {
            let writes = fields.contains(&"WRITE") && fields.contains(&"120");
            fields.contains(&process.as_str()) && (writes || fields.contains(&"FLOCK"))
        });
        if !holds {
            return;
        }
        send(child, Signal::CONT);
        std::thread::sleep(crate::house::LOOK);
    }
}
