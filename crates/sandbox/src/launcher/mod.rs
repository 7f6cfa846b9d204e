//! The launcher: a fresh, single-threaded process of our own program that builds the walls and watches the run.
//!
//! ```text
//! squad ── socket ──► launcher (watches, kills, cleans up) ── fork ──► process 1 (walls, reaps) ── fork ──► command
//! ```
//!
//! Forking the multi-threaded server would be unsafe, and a process with an empty environment and no memory of the
//! server's has nothing to leak. When the server dies, its end of the socket closes and the launcher kills the run;
//! when the launcher dies, the kernel kills process 1 and with it everything inside.

mod bwrap;
pub(crate) mod cgroup;
mod error;
mod init;
pub(crate) mod keeper;
mod landlock;
pub(crate) mod policy;
mod rootfs;
mod seccomp;
mod size;
mod supervise;
#[expect(unsafe_code, reason = "system calls that have no safe wrapper; each block says why it is sound")]
mod sys;
pub(crate) mod watch;

use std::io::{self, Read, Write};
use std::os::unix::net::UnixStream;
use std::process::ExitCode;

use policy::{Enforcement, Outcome, Policy, Verdict};

/// The hidden sub-command by which the program starts itself as launcher.
pub const LAUNCHER_COMMAND: &str = "__sandbox";

/// The user and group of the command, as it sees itself.
pub(crate) const INSIDE_ID: u32 = 1000;

/// First byte of the message that carries the egress listener.
pub(crate) const LISTENER: u8 = b'L';

/// First byte of the message that carries the verdict; the JSON text follows until the end.
pub(crate) const VERDICT: u8 = b'V';

/// Runs this process as sandbox launcher if it was started as one; `None` means it was not.
///
/// Call it as the first thing in `main`, before any thread or async runtime exists.
pub fn launcher_main() -> Option<ExitCode> {
    let command = std::env::args_os().nth(1)?;
    if command == bwrap::INNER_COMMAND {
        return Some(bwrap::process_one());
    }
    if command == keeper::KEEPER_COMMAND {
        return Some(keeper::process_one());
    }
    if command != LAUNCHER_COMMAND {
        return None;
    }
    Some(match launch() {
        Ok(()) => ExitCode::SUCCESS,
        Err(_) => ExitCode::FAILURE,
    })
}

fn launch() -> io::Result<()> {
    let mut control = sys::take_control_socket()?;
    let policy = read_policy(&control)?;
    let verdict = supervise::run(&policy, &control).unwrap_or_else(|error| Verdict {
        outcome: Outcome::Setup(error.to_string()),
        enforcement: Enforcement::Watcher,
        landlock: false,
        measured: Vec::new(),
    });
    control.write_all(&[VERDICT])?;
    serde_json::to_writer(&control, &verdict)?;
    Ok(())
}

pub(crate) fn read_policy(mut control: impl Read) -> io::Result<Policy> {
    let mut length = [0; 4];
    control.read_exact(&mut length)?;
    let mut text = vec![0; u32::from_le_bytes(length) as usize];
    control.read_exact(&mut text)?;
    Ok(serde_json::from_slice(&text)?)
}

/// What process 1 tells the launcher.
#[derive(Debug, serde::Serialize, serde::Deserialize)]
pub(crate) enum Report {
    /// It is in its user namespace and waits for the map of users.
    MapMe,
    /// The walls stand and the command has started.
    Started { landlock: bool },
    /// The command has ended.
    Ended(Outcome),
    /// A wall could not be built; the command was not started.
    Failed(String),
}

impl Report {
    fn send(&self, launcher: &mut UnixStream) -> io::Result<()> {
        let mut line = serde_json::to_vec(self)?;
        line.push(b'\n');
        launcher.write_all(&line)
    }
}
