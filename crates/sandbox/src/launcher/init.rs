//! Process 1 of the sandbox: builds the walls around itself, starts the command, reaps, and tells how it ended.
//!
//! It never executes another program, gives up every right before the command starts and cannot be traced, so the
//! command can neither use it nor read its memory.

use std::ffi::CString;
use std::io::{IoSlice, Read, Write};
use std::mem::MaybeUninit;
use std::net::{Ipv4Addr, TcpListener};
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::net::UnixStream;
use std::path::Path;

use rustix::fs::{Mode, OFlags};
use rustix::net::{SendAncillaryBuffer, SendAncillaryMessage, SendFlags};
use rustix::process::{DumpableBehavior, Pid, Resource, Rlimit, Signal, WaitOptions, WaitStatus};
use rustix::thread::{CapabilitySet, CapabilitySets, CpuSet, Gid, Uid, UnshareFlags};

use super::error::{Step, StepError};
use super::policy::{Isolation, NodeKind, Outcome, Policy};
use super::sys::{self, Forked};
use super::{INSIDE_ID, Report, rootfs, seccomp};

/// The walls of a private root, from inside the fresh process 1. Ends with this process holding no right at all.
pub(crate) fn enclose(policy: &Policy, launcher: &mut UnixStream) -> Result<(), StepError> {
    sys::unshare(
        UnshareFlags::NEWNS
            | UnshareFlags::NEWNET
            | UnshareFlags::NEWIPC
            | UnshareFlags::NEWUTS
            | UnshareFlags::NEWCGROUP,
    )
    .step("create namespaces")?;
    rustix::system::sethostname(b"sandbox").step("name the sandbox")?;
    sys::loopback_up().step("start the loopback device")?;
    let proc_private = rootfs::enter(&policy.nodes, policy.drop_to)?;
    if policy.drop_to.is_some() {
        become_ordinary(launcher)?;
    }
    forbid_user_namespaces(&proc_private);
    drop_rights()
}

/// Leaves root for good: a user namespace that maps one ordinary user. The other namespaces still belong to the
/// host's root, so no right inside reaches them.
fn become_ordinary(launcher: &mut UnixStream) -> Result<(), StepError> {
    rustix::thread::set_thread_groups(&[]).step("drop groups")?;
    sys::unshare(UnshareFlags::NEWUSER).step("create the user namespace")?;
    Report::MapMe.send(launcher).step("ask for the user map")?;
    let mut go = [0];
    launcher.read_exact(&mut go).step("wait for the user map")?;
    let (uid, gid) = (Uid::from_raw(INSIDE_ID), Gid::from_raw(INSIDE_ID));
    rustix::thread::set_thread_res_gid(gid, gid, gid).step("change the group")?;
    rustix::thread::set_thread_res_uid(uid, uid, uid).step("change the user")
}

/// A second wall behind the system call filter; some kernels do not have it, so it may fail.
fn forbid_user_namespaces(proc_private: &OwnedFd) {
    let path = "sys/user/max_user_namespaces";
    let flags = OFlags::WRONLY | OFlags::CLOEXEC;
    if let Ok(file) = rustix::fs::openat(proc_private.as_fd(), path, flags, Mode::empty()) {
        let _ = std::fs::File::from(file).write_all(b"0");
    }
}

fn drop_rights() -> Result<(), StepError> {
    for bit in 0..63 {
        let Some(capability) = CapabilitySet::from_bits(1 << bit) else { break };
        if rustix::thread::remove_capability_from_bounding_set(capability).is_err() {
            break;
        }
    }
    rustix::thread::clear_ambient_capability_set().step("drop ambient rights")?;
    let none = CapabilitySet::empty();
    rustix::thread::set_capabilities(
        None,
        CapabilitySets { effective: none, permitted: none, inheritable: none },
    )
    .step("drop rights")
}

/// Gives squad the listening socket of the egress proxy: it belongs to the sandbox's network wherever it is held.
fn hand_over_listener(port: u16, control: &UnixStream) -> Result<(), StepError> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).step("open the egress port inside")?;
    listener.set_nonblocking(true).step("open the egress port inside")?;
    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(1))];
    let mut message = SendAncillaryBuffer::new(&mut space);
    let fds = [listener.as_fd()];
    message.push(SendAncillaryMessage::ScmRights(&fds));
    rustix::net::sendmsg(control, &[IoSlice::new(&[super::LISTENER])], &mut message, SendFlags::NOSIGNAL)
        .step("hand over the egress port")?;
    Ok(())
}

/// The walls that hold with and without namespaces, then the command. Returns its process.
fn start(policy: &Policy, bounded_by_group: bool) -> Result<(Pid, bool), StepError> {
    // After the last change of user or rights, because such a change clears it.
    rustix::process::set_parent_process_death_signal(Some(Signal::KILL)).step("tie life to the launcher")?;
    set_resource_limits(policy, bounded_by_group)?;
    set_processors(policy)?;
    let _ = std::fs::write("/proc/self/oom_score_adj", "500");
    let mut landlocked = false;
    if policy.isolation != Isolation::Process {
        rustix::process::set_dumpable_behavior(DumpableBehavior::NotDumpable).step("refuse tracing")?;
        rustix::thread::set_no_new_privs(true).step("refuse new rights")?;
        landlocked = super::landlock::apply(&writable(policy))?;
        seccomp::apply()?;
    }
    match sys::fork().step("start a process")? {
        Forked::Parent(child) => Ok((child, landlocked)),
        Forked::Child => {
            let error = run(policy).err().map_or_else(String::new, |error| error.to_string());
            eprint_and_exit(&error)
        }
    }
}

pub(super) fn writable(policy: &Policy) -> Vec<&Path> {
    let open = |kind: &NodeKind| {
        matches!(
            kind,
            NodeKind::Bind { writable: true, .. } | NodeKind::Tmpfs { .. } | NodeKind::Device { .. }
        )
    };
    policy.nodes.iter().filter(|node| open(&node.kind)).map(|node| node.target.as_path()).collect()
}

/// Becomes the command.
pub(super) fn run(policy: &Policy) -> Result<(), StepError> {
    sys::setsid().step("start a session")?;
    // Without a process namespace this is all that ties the command to process 1.
    rustix::process::set_parent_process_death_signal(Some(Signal::KILL)).step("tie life to process 1")?;
    sys::reset_signals();
    rustix::process::umask(Mode::from_raw_mode(0o022));
    rustix::process::chdir(&policy.cwd).step(format!("enter `{}`", policy.cwd.display()))?;
    sys::close_on_exec_from(3).step("close descriptors")?;
    let text = |text: &str| CString::new(text).step("pass text to the command");
    let arguments = policy.argv.iter().map(|argument| text(argument)).collect::<Result<Vec<_>, _>>()?;
    let environment = policy
        .env
        .iter()
        .map(|(name, value)| text(&format!("{name}={value}")))
        .collect::<Result<Vec<_>, _>>()?;
    let program = arguments.first().ok_or("no program").step("start the command")?;
    Err(sys::exec(program, &arguments, &environment)).step(format!("start `{}`", policy.argv[0]))
}

/// The shell's own status for "cannot run".
pub(super) fn eprint_and_exit(message: &str) -> ! {
    let _ = writeln!(std::io::stderr(), "sandbox: {message}");
    std::process::exit(126)
}

/// Threads of process 1, which are none of the command's.
pub(crate) const OWN_THREADS: u64 = 2;

pub(super) fn set_resource_limits(policy: &Policy, bounded_by_group: bool) -> Result<(), StepError> {
    let limits = &policy.limits;
    let mut bounds = vec![
        (Resource::Nofile, limits.open_files),
        (Resource::Fsize, limits.file_size),
        (Resource::Core, 0),
        (Resource::Memlock, 8 << 20),
    ];
    // Counted per user namespace since Linux 5.14; before, the host's processes of the user would count as well.
    if !bounded_by_group
        && !matches!(policy.isolation, Isolation::Process | Isolation::Container)
        && kernel_at_least(5, 14)
    {
        bounds.push((Resource::Nproc, limits.pids + OWN_THREADS));
    }
    for (resource, wanted) in bounds {
        // The hard limit can only be lowered.
        let bound = rustix::process::getrlimit(resource).maximum.map_or(wanted, |most| most.min(wanted));
        rustix::process::setrlimit(resource, Rlimit { current: Some(bound), maximum: Some(bound) })
            .step(format!("limit {resource:?}"))?;
    }
    Ok(())
}

/// A share of the processors means no more of them than it takes, so that tools start as many jobs as make sense. The
/// control group, where there is one, counts the share itself.
pub(super) fn set_processors(policy: &Policy) -> Result<(), StepError> {
    let Some(share) = policy.limits.cpus else { return Ok(()) };
    let all = rustix::thread::sched_getaffinity(None).step("read the processors")?;
    let mut some = CpuSet::new();
    let usable = (0..CpuSet::MAX_CPU).filter(|processor| all.is_set(*processor));
    usable.take((share.ceil() as usize).max(1)).for_each(|processor| some.set(processor));
    rustix::thread::sched_setaffinity(None, &some).step("limit the processors")
}

fn kernel_at_least(major: u32, minor: u32) -> bool {
    let name = rustix::system::uname();
    let text = name.release().to_string_lossy().into_owned();
    let mut parts = text.split(['.', '-']).map(|part| part.parse::<u32>().unwrap_or(0));
    (parts.next().unwrap_or(0), parts.next().unwrap_or(0)) >= (major, minor)
}

/// Reaps whatever ends until the command itself has ended.
fn reap(command: Pid) -> Result<Outcome, StepError> {
    loop {
        match rustix::process::wait(WaitOptions::empty()) {
            Ok(Some((process, status))) if process == command => return Ok(ended(status)),
            Ok(_) | Err(rustix::io::Errno::INTR) => {}
            Err(error) => return Err(error).step("wait for the command"),
        }
    }
}

/// How a process ended by itself.
pub(super) fn ended(status: WaitStatus) -> Outcome {
    match status.terminating_signal() {
        Some(signal) => Outcome::Signaled(signal),
        None => Outcome::Exited(status.exit_status().unwrap_or_default()),
    }
}

/// From standing walls to the end of the command, telling the launcher.
pub(crate) fn serve(
    policy: &Policy,
    bounded_by_group: bool,
    launcher: &mut UnixStream,
    control: &UnixStream,
) -> Result<(), StepError> {
    if let Some(port) = policy.egress_port {
        hand_over_listener(port, control)?;
    }
    let (command, landlock) = start(policy, bounded_by_group)?;
    if matches!(policy.isolation, Isolation::Bwrap { .. }) {
        end_with(launcher.try_clone().step("tie life to the launcher")?);
    }
    Report::Started { landlock }.send(launcher).step("report")?;
    let null = std::fs::OpenOptions::new().write(true).open("/dev/null").step("open `/dev/null`")?;
    rustix::stdio::dup2_stdout(&null).step("let go of the output")?;
    rustix::stdio::dup2_stderr(&null).step("let go of the output")?;
    let outcome = reap(command)?;
    Report::Ended(outcome).send(launcher).step("report")
}

/// Ends process 1, and with it everything inside, when the launcher closes its end of the socket. The parent's death is no
/// sufficient sign here: the parent is `bwrap`, which may be killed before life is tied to it.
fn end_with(mut launcher: UnixStream) {
    std::thread::spawn(move || {
        let _ = std::io::copy(&mut launcher, &mut std::io::sink());
        std::process::exit(0)
    });
}

/// Tells what failed, and ends process 1 and with it everything inside.
pub(crate) fn say_goodbye(result: Result<(), StepError>, launcher: &mut UnixStream) -> ! {
    if let Err(error) = result {
        let _ = Report::Failed(error.to_string()).send(launcher);
    }
    std::process::exit(0)
}
