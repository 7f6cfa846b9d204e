//! Which process a container belongs to, so that another one can tell whether it lives.

use std::fmt;
use std::fs;

/// A process of this machine, told apart from a later one with the same number.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Owner {
    /// The machine's run since it was started.
    boot: String,
    /// The namespace in which the number counts.
    namespace: String,
    process: u32,
    /// In clock ticks since the machine started.
    started: String,
}

impl Owner {
    pub(crate) fn this_process() -> Self {
        let process = std::process::id();
        Self {
            boot: fs::read_to_string("/proc/sys/kernel/random/boot_id").unwrap_or_default().trim().to_owned(),
            namespace: fs::read_link("/proc/self/ns/pid").unwrap_or_default().to_string_lossy().into_owned(),
            process,
            started: start_time(process).unwrap_or_default(),
        }
    }

    /// Whether this process can be sure that the owner written in a label is dead.
    pub(super) fn outlived(&self, label: &str) -> bool {
        let mut parts = label.split('/');
        let (Some(boot), Some(namespace), Some(process), Some(started)) =
            (parts.next(), parts.next(), parts.next(), parts.next())
        else {
            return true;
        };
        if boot != self.boot {
            return true;
        }
        // Numbers of another namespace mean nothing here.
        let Some(process) = process.parse().ok().filter(|_| namespace == self.namespace) else {
            return false;
        };
        start_time(process).is_none_or(|now| now != started)
    }
}

impl fmt::Display for Owner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}/{}/{}", self.boot, self.namespace, self.process, self.started)
    }
}

/// The 22nd field of `/proc/<pid>/stat`. The second is the program's name in parentheses, which may hold anything.
fn start_time(process: u32) -> Option<String> {
    let text = fs::read_to_string(format!("/proc/{process}/stat")).ok()?;
    let (_, after) = text.rsplit_once(") ")?;
    after.split(' ').nth(19).map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_living_owner_is_left_alone_and_a_dead_one_is_not() {
        let this = Owner::this_process();
        assert!(!this.outlived(&this.to_string()));
        let mut child = std::process::Command::new("sleep").arg("60").spawn().unwrap();
        let of_child =
            Owner { process: child.id(), started: start_time(child.id()).unwrap(), ..this.clone() };
        assert!(!this.outlived(&of_child.to_string()));
        child.kill().unwrap();
        child.wait().unwrap();
        assert!(this.outlived(&of_child.to_string()));
        let reused = Owner { started: "1".into(), ..this.clone() };
        assert!(this.outlived(&reused.to_string()));
    }

    #[test]
    fn owners_of_an_earlier_boot_are_dead_and_those_of_another_namespace_are_not_judged() {
        let this = Owner::this_process();
        assert!(this.outlived(&Owner { boot: "earlier".into(), ..this.clone() }.to_string()));
        let foreign = Owner { namespace: "pid:[1]".into(), process: u32::MAX, ..this.clone() };
        assert!(!this.outlived(&foreign.to_string()));
    }
}
