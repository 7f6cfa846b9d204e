//! One command in a container, from its start until nothing of it is left.

use std::io;
use std::os::fd::OwnedFd;
use std::time::Duration;

use rustix::process::{Pid, WaitOptions};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite};
use tokio::net::unix::pipe;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::time::{Instant, sleep, sleep_until};
use tokio_util::sync::CancellationToken;

use super::bounds::Bounds;
use super::clean;
use super::protocol::{Frame, Word, write_frame};
use crate::channel::Stream;
use crate::launcher::error::{Step, StepError};
use crate::launcher::init;
use crate::launcher::policy::{Enforcement, Outcome, Policy, Verdict};
use crate::launcher::sys::{self, Forked};

/// How often the command's memory and files are looked at.
const TICK: Duration = Duration::from_millis(50);

/// Runs the command, and kills and removes all that it left.
pub(super) async fn run(policy: &Policy, stream: &mut Stream, landlock: bool) -> Word {
    let mut bounds = Bounds::new(policy);
    let enforcement = if bounds.has_group() { Enforcement::Cgroup } else { Enforcement::Watcher };
    let started = signal(SignalKind::child()).step("watch for children").and_then(|children| {
        let (command, output) = start(policy)?;
        Ok((children, command, output))
    });
    let outcome = match started {
        Err(error) => Outcome::Setup(error.to_string()),
        Ok((children, command, output)) => {
            let (from, to) = tokio::io::split(stream);
            let gone = CancellationToken::new();
            let all_gone = gone.clone().drop_guard();
            let watching = async {
                let outcome = watch(policy, command, children, from, &mut bounds).await;
                drop(all_gone);
                outcome
            };
            let (outcome, ()) = tokio::join!(watching, pump(output, to, gone));
            outcome
        }
    };
    let verdict = Verdict { outcome, enforcement, landlock, measured: Vec::new() };
    Word { verdict, clean: clean::sweep(&policy.nodes) }
}

fn start(policy: &Policy) -> Result<(Pid, pipe::Receiver), StepError> {
    let (reader, writer) = io::pipe().step("make a pipe")?;
    let reader = pipe::Receiver::from_owned_fd(reader.into()).step("make a pipe")?;
    match sys::fork().step("start a process")? {
        Forked::Parent(command) => Ok((command, reader)),
        Forked::Child => {
            let error = become_command(policy, &writer.into()).err();
            init::eprint_and_exit(&error.map_or_else(String::new, |error| error.to_string()))
        }
    }
}

fn become_command(policy: &Policy, output: &OwnedFd) -> Result<(), StepError> {
    rustix::stdio::dup2_stdout(output).step("pass the output on")?;
    rustix::stdio::dup2_stderr(output).step("pass the output on")?;
    init::set_resource_limits(policy, true)?;
    init::set_processors(policy)?;
    init::run(policy)
}

/// Waits until the command ends or must be ended; then kills all processes and waits until they are gone.
async fn watch(
    policy: &Policy,
    command: Pid,
    mut children: Signal,
    mut squad: impl AsyncRead + Unpin,
    bounds: &mut Bounds<'_>,
) -> Outcome {
    let deadline = sleep_until(Instant::now() + policy.limits.wall);
    tokio::pin!(deadline);
    let mut byte = [0];
    let outcome = loop {
        tokio::select! {
            biased;
            // Squad says nothing after the policy; it closes its side when the command is to be killed.
            _ = squad.read(&mut byte) => break Outcome::Cancelled,
            () = &mut deadline => break Outcome::TimedOut,
            _ = children.recv() => {}
            () = sleep(TICK) => {}
        }
        if let Some(outcome) = bounds.broken_bound() {
            break outcome;
        }
        if let Some(outcome) = reap(Some(command)).0 {
            break outcome;
        }
    };
    end_all().await;
    // The kernel may have killed what made the command end by itself.
    if bounds.out_of_memory() { Outcome::OutOfMemory } else { outcome }
}

/// Takes note of whatever has ended: how the command did, and whether any process is left.
fn reap(command: Option<Pid>) -> (Option<Outcome>, bool) {
    let mut outcome = None;
    loop {
        match rustix::process::wait(WaitOptions::NOHANG) {
            Ok(Some((process, status))) if Some(process) == command => outcome = Some(init::ended(status)),
            Ok(Some(_)) | Err(rustix::io::Errno::INTR) => {}
            Ok(None) => return (outcome, true),
            Err(_) => return (outcome, false),
        }
    }
}

async fn end_all() {
    loop {
        sys::kill_all_others();
        if !reap(None).1 {
            return;
        }
        sleep(Duration::from_millis(1)).await;
    }
}

/// Passes the output on until nobody can write it any more.
async fn pump(mut output: pipe::Receiver, mut squad: impl AsyncWrite + Unpin, gone: CancellationToken) {
    let mut chunk = vec![0; 64 * 1024];
    let mut listens = true;
    loop {
        // Some kernels do not tell that the last writer has gone, but then there is nothing to wait for.
        let length = tokio::select! {
            biased;
            length = output.read(&mut chunk) => length.unwrap_or(0),
            () = gone.cancelled() => rustix::io::read(&output, &mut chunk).unwrap_or(0),
        };
        if length == 0 {
            return;
        }
        listens = listens && write_frame(&mut squad, &Frame::Output(chunk[..length].to_vec())).await.is_ok();
    }
}
