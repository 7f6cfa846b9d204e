//! The few system calls that have no safe wrapper.

use std::ffi::CString;
use std::io;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd};

use rustix::thread::UnshareFlags;

/// Makes a mount and everything below it read-only, or drops what the bits name.
pub(crate) fn set_mount_flags(mount: BorrowedFd<'_>, set: u64, recursive: bool) -> io::Result<()> {
    let attributes =
        libc::mount_attr { attr_set: set, attr_clr: 0, propagation: libc::MS_PRIVATE, userns_fd: 0 };
    let flags = libc::AT_EMPTY_PATH | if recursive { libc::AT_RECURSIVE } else { 0 };
    // SAFETY: the path is a valid empty C string, `attributes` lives through the call and its size is its own.
    let result = unsafe {
        libc::syscall(
            libc::SYS_mount_setattr,
            mount.as_raw_fd(),
            c"".as_ptr(),
            flags,
            &raw const attributes,
            size_of::<libc::mount_attr>(),
        )
    };
    if result == 0 { Ok(()) } else { Err(io::Error::last_os_error()) }
}

/// Moves this single-threaded process into new namespaces.
pub(crate) fn unshare(flags: UnshareFlags) -> io::Result<()> {
    // SAFETY: the hazard named by rustix is `CLONE_FILES` in a program that passes descriptors between threads;
    // the launcher has one thread and never passes that flag.
    unsafe { rustix::thread::unshare_unsafe(flags) }.map_err(io::Error::from)
}

/// Which side of a fork this is.
pub(crate) enum Forked {
    Child,
    Parent(rustix::process::Pid),
}

/// Forks this single-threaded process.
pub(crate) fn fork() -> io::Result<Forked> {
    // SAFETY: the launcher is single-threaded, so no lock can be held by another thread in the child.
    match unsafe { libc::fork() } {
        -1 => Err(io::Error::last_os_error()),
        0 => Ok(Forked::Child),
        pid => Ok(Forked::Parent(
            rustix::process::Pid::from_raw(pid).expect("fork returns a positive id to the parent"),
        )),
    }
}

/// Replaces this process. Returns only when it failed.
pub(crate) fn exec(program: &CString, arguments: &[CString], environment: &[CString]) -> io::Error {
    let mut argv: Vec<_> = arguments.iter().map(|text| text.as_ptr()).collect();
    argv.push(std::ptr::null());
    let mut envp: Vec<_> = environment.iter().map(|text| text.as_ptr()).collect();
    envp.push(std::ptr::null());
    // SAFETY: both arrays end with a null pointer and point to C strings that outlive the call.
    unsafe { libc::execve(program.as_ptr(), argv.as_ptr(), envp.as_ptr()) };
    io::Error::last_os_error()
}

/// Gives every signal its default action and unblocks all: Rust ignores `SIGPIPE`, shells expect it.
pub(crate) fn reset_signals() {
    // SAFETY: an all-zero `sigset_t` is a valid value for `sigemptyset` to fill, and setting default actions
    // installs no handler.
    unsafe {
        for signal in 1..=64 {
            libc::signal(signal, libc::SIG_DFL);
        }
        let mut none: libc::sigset_t = std::mem::zeroed();
        libc::sigemptyset(&raw mut none);
        libc::sigprocmask(libc::SIG_SETMASK, &raw const none, std::ptr::null_mut());
    }
}

/// Marks every descriptor from `first` on as closed by the next exec.
pub(crate) fn close_on_exec_from(first: u32) -> io::Result<()> {
    // SAFETY: with `CLOSE_RANGE_CLOEXEC` nothing is closed now, so no owned descriptor becomes invalid.
    let result = unsafe { libc::syscall(libc::SYS_close_range, first, u32::MAX, libc::CLOSE_RANGE_CLOEXEC) };
    if result == 0 {
        return Ok(());
    }
    // Older gVisors know the call without the flag.
    for entry in std::fs::read_dir("/proc/self/fd")? {
        let number = entry?.file_name().to_str().and_then(|name| name.parse::<u32>().ok());
        if let Some(number) = number.filter(|number| *number >= first) {
            // SAFETY: a flag of a descriptor is set, and nothing is closed now; a number that is none is refused.
            unsafe { libc::fcntl(number.cast_signed(), libc::F_SETFD, libc::FD_CLOEXEC) };
        }
    }
    Ok(())
}

/// Brings the loopback device of this network namespace up.
pub(crate) fn loopback_up() -> io::Result<()> {
    let socket = rustix::net::socket(rustix::net::AddressFamily::INET, rustix::net::SocketType::DGRAM, None)?;
    // SAFETY: `ifreq` is plain data; all zeros is a valid value.
    let mut request: libc::ifreq = unsafe { std::mem::zeroed() };
    for (slot, byte) in request.ifr_name.iter_mut().zip(b"lo") {
        *slot = byte.cast_signed();
    }
    request.ifr_ifru.ifru_flags = (libc::IFF_UP | libc::IFF_RUNNING) as libc::c_short;
    // SAFETY: the descriptor is open, and `request` is an initialised `ifreq` that outlives the call.
    let result = unsafe { libc::ioctl(socket.as_fd().as_raw_fd(), libc::SIOCSIFFLAGS, &raw const request) };
    if result == 0 { Ok(()) } else { Err(io::Error::last_os_error()) }
}

/// Starts a session. Not by rustix, which takes for granted that the answer is a process: older gVisors answer zero.
pub(crate) fn setsid() -> io::Result<()> {
    // SAFETY: `setsid` takes no arguments and touches no memory of this process.
    if unsafe { libc::setsid() } < 0 { Err(io::Error::last_os_error()) } else { Ok(()) }
}

/// Kills every process that this one may kill but itself: as process 1 of a container, everything in it.
pub(crate) fn kill_all_others() {
    // SAFETY: `kill` touches no memory of this process. Outside of a container it would reach all of the user's
    // processes, so only process 1 may call it.
    if std::process::id() == 1 {
        unsafe { libc::kill(-1, libc::SIGKILL) };
    }
}

/// Takes over descriptor 0, which the launcher's parent made a socket.
pub(crate) fn take_control_socket() -> io::Result<std::os::unix::net::UnixStream> {
    let socket = rustix::io::fcntl_dupfd_cloexec(rustix::stdio::stdin(), 3)?;
    let null = std::fs::File::open("/dev/null")?;
    rustix::stdio::dup2_stdin(&null)?;
    Ok(socket.into())
}

/// Puts copies of descriptors at 3, 4, …, where the next program finds them.
pub(crate) fn pass_on(descriptors: &[BorrowedFd<'_>]) -> io::Result<()> {
    // Out of the way first, so that no copy replaces one that is still needed.
    let copies: Vec<_> = descriptors
        .iter()
        .map(|descriptor| rustix::io::fcntl_dupfd_cloexec(descriptor, 64))
        .collect::<Result<_, _>>()?;
    for (number, copy) in (3..).zip(&copies) {
        // SAFETY: whatever held the low number is owned by code that never runs again: an exec follows.
        if unsafe { libc::dup2(copy.as_raw_fd(), number) } < 0 {
            return Err(io::Error::last_os_error());
        }
    }
    Ok(())
}

/// What the program before this one left at `number`.
pub(crate) fn passed<T: From<std::os::fd::OwnedFd>>(number: i32) -> io::Result<T> {
    // SAFETY: nothing in this process has used the descriptor yet, and it stays open for the whole call; if it is not
    // open, the call says so.
    let descriptor = rustix::io::fcntl_dupfd_cloexec(unsafe { BorrowedFd::borrow_raw(number) }, 16)?;
    Ok(descriptor.into())
}
