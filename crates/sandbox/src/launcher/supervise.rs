//! The launcher's own part: starts process 1, watches time, memory and disk, and kills the whole tree.

use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::os::fd::AsFd;
use std::os::unix::net::UnixStream;
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::process::{Pid, Signal, WaitOptions};
use rustix::thread::UnshareFlags;

use super::cgroup::Leaf;
use super::error::{Step, StepError};
use super::init::OWN_THREADS;
use super::policy::{Enforcement, Isolation, Outcome, Policy, Verdict};
use super::sys::{self, Forked};
use super::watch::{self, DiskWatch};
use super::{INSIDE_ID, Report, bwrap, init};

/// How often the run is looked at while nothing happens.
const TICK: Duration = Duration::from_millis(50);

/// Runs the command under the policy until everything it started is gone.
pub(crate) fn run(policy: &Policy, control: &UnixStream) -> Result<Verdict, StepError> {
    let deadline = Instant::now() + policy.limits.wall;
    let mut leaf = Leaf::create(&policy.limits);
    match &policy.isolation {
        Isolation::Namespaces => {
            if policy.drop_to.is_none() {
                map_this_user()?;
            }
            sys::unshare(UnshareFlags::NEWPID).step("create the process namespace")?;
        }
        Isolation::Process => {
            rustix::process::set_child_subreaper(rustix::process::Pid::from_raw(1)).step("adopt orphans")?;
        }
        Isolation::Bwrap { .. } => {}
        Isolation::Container => return Err("its process 1 is no launcher").step("run in a container"),
    }

    let (here, there) = UnixStream::pair().step("create a socket")?;
    let first = match sys::fork().step("start process 1")? {
        Forked::Child => {
            drop(here);
            process_one(policy, leaf.as_ref(), there, control)
        }
        Forked::Parent(first) => first,
    };
    drop(there);
    // Only the run holds the output now, so its end is seen.
    let null = fs::OpenOptions::new().write(true).open("/dev/null").step("open `/dev/null`")?;
    rustix::stdio::dup2_stdout(&null).step("let go of the output")?;
    rustix::stdio::dup2_stderr(&null).step("let go of the output")?;

    let mut reports = BufReader::new(here);
    let mut joined = [0];
    reports.read_exact(&mut joined).step("start process 1")?;
    if joined[0] != IN_GROUP {
        leaf = None;
    }
    let mut run = Run {
        policy,
        control,
        first,
        deadline,
        disks: policy.watch.iter().map(DiskWatch::new).collect(),
        landlock: false,
        reports,
        leaf,
    };
    let outcome = run.watch();
    run.end();
    let outcome = run.final_word(outcome);
    let measured = run.disks.iter().map(DiskWatch::measured).collect();
    let enforcement = if run.leaf.is_some() { Enforcement::Cgroup } else { Enforcement::Watcher };
    Ok(Verdict { outcome, enforcement, landlock: run.landlock, measured })
}

/// Whether process 1 is in the run's control group.
const IN_GROUP: u8 = b'G';
const ALONE: u8 = b'A';
const GO_MAPPED: u8 = b'M';

/// Makes the ordinary user who runs squad user 1000 of a new namespace.
fn map_this_user() -> Result<(), StepError> {
    let (uid, gid) = (rustix::process::getuid().as_raw(), rustix::process::getgid().as_raw());
    sys::unshare(UnshareFlags::NEWUSER).step("create a user namespace")?;
    write_maps("self", uid, gid)
}

fn write_maps(process: &str, uid: u32, gid: u32) -> Result<(), StepError> {
    let file = |name: &str| format!("/proc/{process}/{name}");
    fs::write(file("setgroups"), "deny").step("fix the groups")?;
    fs::write(file("uid_map"), format!("{INSIDE_ID} {uid} 1")).step("map the user")?;
    fs::write(file("gid_map"), format!("{INSIDE_ID} {gid} 1")).step("map the group")
}

/// The life of process 1, in the forked child.
fn process_one(policy: &Policy, leaf: Option<&Leaf>, mut launcher: UnixStream, control: &UnixStream) -> ! {
    let result = (|| {
        // Before anything else, so that a launcher that dies early takes this process with it.
        rustix::process::set_parent_process_death_signal(Some(Signal::KILL))
            .step("tie life to the launcher")?;
        let bounded_by_group = leaf.is_some_and(|leaf| leaf.join().is_ok());
        // Fails when the launcher died before life was tied to it.
        launcher
            .write_all(&[if bounded_by_group { IN_GROUP } else { ALONE }])
            .step("report to the launcher")?;
        match &policy.isolation {
            Isolation::Namespaces => init::enclose(policy, &mut launcher)?,
            Isolation::Bwrap { program } => {
                return Err(bwrap::become_process_one(program, policy, bounded_by_group, &launcher, control));
            }
            Isolation::Process | Isolation::Container => {}
        }
        init::serve(policy, bounded_by_group, &mut launcher, control)
    })();
    init::say_goodbye(result, &mut launcher)
}

struct Run<'a> {
    policy: &'a Policy,
    control: &'a UnixStream,
    first: Pid,
    deadline: Instant,
    disks: Vec<DiskWatch<'a>>,
    landlock: bool,
    reports: BufReader<UnixStream>,
    leaf: Option<Leaf>,
}

impl Run<'_> {
    fn say(&mut self, byte: u8) -> std::io::Result<()> {
        self.reports.get_mut().write_all(&[byte])
    }

    /// Waits until the run ends or must be ended, and says why. `None`: process 1 went without a word.
    fn watch(&mut self) -> Option<Outcome> {
        loop {
            let left = self.deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return Some(Outcome::TimedOut);
            }
            let (cancelled, reported) = self.wait(left.min(TICK));
            if reported {
                match self.next_report() {
                    Ok(None) => {}
                    Ok(Some(outcome)) => return Some(outcome),
                    Err(_) => return None,
                }
            } else if cancelled {
                return Some(Outcome::Cancelled);
            } else if let Some(outcome) = self.broken_bound() {
                return Some(outcome);
            }
        }
    }

    fn wait(&self, time: Duration) -> (bool, bool) {
        // What was read along with an earlier report is not seen by `poll` any more.
        if !self.reports.buffer().is_empty() {
            return (false, true);
        }
        let mut fds = [
            PollFd::new(self.control, PollFlags::IN | PollFlags::RDHUP),
            PollFd::from_borrowed_fd(self.reports.get_ref().as_fd(), PollFlags::IN),
        ];
        let time = Timespec { tv_sec: 0, tv_nsec: time.subsec_nanos().into() };
        match poll(&mut fds, Some(&time)) {
            Ok(_) => (!fds[0].revents().is_empty(), !fds[1].revents().is_empty()),
            Err(_) => (false, false),
        }
    }

    fn next_report(&mut self) -> Result<Option<Outcome>, StepError> {
        let mut line = String::new();
        self.reports.read_line(&mut line).step("read the report")?;
        match serde_json::from_str(&line).step("read the report")? {
            Report::MapMe => {
                let (uid, gid) = self.policy.drop_to.ok_or("not root").step("map the user")?;
                write_maps(&self.first.as_raw_nonzero().to_string(), uid, gid)?;
                self.say(GO_MAPPED).step("continue")?;
                Ok(None)
            }
            Report::Started { landlock } => {
                self.landlock = landlock;
                Ok(None)
            }
            Report::Ended(outcome) => Ok(Some(outcome)),
            Report::Failed(reason) => Ok(Some(Outcome::Setup(reason))),
        }
    }

    fn broken_bound(&mut self) -> Option<Outcome> {
        let limits = &self.policy.limits;
        let first = self.first.as_raw_nonzero().get();
        match &self.leaf {
            Some(leaf) if leaf.kills() > 0 => return Some(Outcome::OutOfMemory),
            Some(_) => {}
            None => {
                let processes = watch::tree(first);
                if watch::memory(&processes, limits.memory_bytes) > limits.memory_bytes {
                    return Some(Outcome::OutOfMemory);
                }
                if watch::threads(&processes) > limits.pids + OWN_THREADS + 1 {
                    return Some(Outcome::TooManyProcesses);
                }
            }
        }
        let processes = || watch::tree(first);
        self.disks.iter_mut().any(|disk| disk.outgrown(&processes)).then_some(Outcome::WorkspaceFull)
    }

    /// Kills whatever is left and waits until it is gone.
    fn end(&mut self) {
        if self.policy.isolation == Isolation::Process {
            self.end_tree();
        }
        // The end of process 1 is the end of everything in its namespace, and is seen only after it.
        let _ = rustix::process::kill_process(self.first, Signal::KILL);
        let _ =
            rustix::io::retry_on_intr(|| rustix::process::waitpid(Some(self.first), WaitOptions::empty()));
        let _ = self.reports.get_ref().shutdown(std::net::Shutdown::Write);
        // `bwrap` stands between this process and process 1, which holds its end of the socket until everything is gone.
        let _ = std::io::copy(&mut self.reports, &mut std::io::sink());
    }

    /// Without a namespace: kill the tree, whose orphans come to this process, until nothing is left of it.
    fn end_tree(&self) {
        let this = std::process::id().cast_signed();
        loop {
            let mut processes = watch::tree(this);
            processes.retain(|process| *process != this);
            processes.extend(self.leaf.iter().flat_map(Leaf::processes));
            if processes.is_empty() {
                return;
            }
            for process in processes.into_iter().filter_map(Pid::from_raw) {
                let _ = rustix::process::kill_process(process, Signal::KILL);
            }
            while matches!(rustix::process::wait(WaitOptions::NOHANG), Ok(Some(_))) {}
            std::thread::sleep(Duration::from_millis(1));
        }
    }

    /// What the bounds say now that everything is gone.
    fn final_word(&mut self, outcome: Option<Outcome>) -> Outcome {
        if self.leaf.as_ref().is_some_and(|leaf| leaf.kills() > 0) {
            return Outcome::OutOfMemory;
        }
        let ended_by_itself = matches!(outcome, Some(Outcome::Exited(_) | Outcome::Signaled(_)));
        // All of them, because the next run builds on what is measured now.
        let full = self.disks.iter_mut().map(DiskWatch::full_at_end).fold(false, |full, this| full | this);
        if ended_by_itself && full {
            return Outcome::WorkspaceFull;
        }
        outcome.unwrap_or(Outcome::Setup("process 1 ended without a word".into()))
    }
}
