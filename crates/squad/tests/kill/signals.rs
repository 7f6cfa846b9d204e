//! Signals, as people, terminals and service managers send them.

use rustix::process::{Pid, Signal, kill_process};
use std::process::Child;

pub(crate) fn send(child: &Child, signal: Signal) {
    let process = Pid::from_raw(child.id().cast_signed()).unwrap();
    kill_process(process, signal).unwrap();
}

/// Freezes a process, at a moment in which it does not hold SQLite's lock for writing: nobody could write until it is
/// thawed, and that would be a test of SQLite.
pub(crate) fn freeze(child: &Child) {
    loop {
        send(child, Signal::STOP);
        let locks = std::fs::read_to_string("/proc/locks").unwrap();
        let process = child.id().to_string();
        // 120: the byte of the index file that whoever writes to the log holds.
        let writes = locks.lines().map(|line| line.split_whitespace().collect::<Vec<_>>()).any(|fields| {
            fields.contains(&"WRITE") && fields.contains(&process.as_str()) && fields.contains(&"120")
        });
        if !writes {
            return;
        }
        send(child, Signal::CONT);
        std::thread::sleep(crate::house::LOOK);
    }
}
