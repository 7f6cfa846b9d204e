//! Starts the launcher for one run and stays with it to the end.

use std::io::{self, IoSliceMut};
use std::mem::MaybeUninit;
use std::net::TcpListener;
use std::os::fd::{AsFd, OwnedFd};
use std::path::Path;
use std::process::Stdio;
use std::time::Instant;

use rustix::net::{RecvAncillaryBuffer, RecvAncillaryMessage, RecvFlags};
use tokio::io::{AsyncReadExt, AsyncWriteExt, Interest};
use tokio::net::UnixStream;
use tokio::net::unix::pipe;

use crate::launcher::policy::{Outcome, Policy, Verdict};
use crate::launcher::{LAUNCHER_COMMAND, LISTENER, VERDICT};
use crate::output::Collector;
use crate::{ExecOptions, ExecResult, ExitStatus, Output, SandboxError};

/// A finished run, with what the launcher said about its walls.
#[derive(Debug)]
pub(crate) struct Launched {
    pub(crate) result: ExecResult,
    pub(crate) verdict: Verdict,
}

/// Runs one policy to its end. Dropping the future closes the launcher's socket, upon which it kills the run.
///
/// `serve` gets the listening socket inside, when the policy asks for one.
pub(crate) async fn launch(
    launcher: &Path,
    policy: &Policy,
    options: &ExecOptions,
    mut serve: impl FnMut(TcpListener) + Send,
) -> Result<Launched, SandboxError> {
    let start = Instant::now();
    let (mut control, output) = spawn(launcher, policy.drop_to)
        .map_err(SandboxError::io(format!("start `{}`", launcher.display())))?;
    send(&mut control, policy).await.map_err(|error| lost(&error))?;

    let mut collector = Collector::new(policy.limits.output_bytes);
    let reading = read(output, &mut collector, options);
    let following = follow(&mut control, options, &mut serve);
    let (verdict, ()) = tokio::try_join!(following, reading).map_err(|error| lost(&error))?;

    let output = collector.finish();
    let status = status(&verdict.outcome, &output)?;
    let result = ExecResult { status, output, duration: start.elapsed() };
    Ok(Launched { result, verdict })
}

fn lost(error: &io::Error) -> SandboxError {
    SandboxError::Launcher { reason: error.to_string() }
}

/// The same, as callers are told it.
///
/// # Errors
///
/// When nothing of the command ran.
pub(crate) fn status(outcome: &Outcome, output: &Output) -> Result<ExitStatus, SandboxError> {
    Ok(match outcome {
        Outcome::Exited(code) => ExitStatus::Exited(*code),
        Outcome::Signaled(signal) => ExitStatus::Signaled(*signal),
        Outcome::TimedOut => ExitStatus::TimedOut,
        Outcome::OutOfMemory => ExitStatus::OutOfMemory,
        Outcome::TooManyProcesses => ExitStatus::TooManyProcesses,
        Outcome::WorkspaceFull => ExitStatus::WorkspaceFull,
        Outcome::Cancelled => ExitStatus::Cancelled,
        // `bwrap` says in its output what went wrong.
        Outcome::Setup(reason) => {
            let reason = format!("{reason}. {}", output.text.trim());
            return Err(SandboxError::Setup { reason: reason.trim_end_matches(['.', ' ']).to_owned() });
        }
    })
}

fn spawn(launcher: &Path, owner: Option<(u32, u32)>) -> io::Result<(UnixStream, pipe::Receiver)> {
    let (ours, theirs) = std::os::unix::net::UnixStream::pair()?;
    let (output, writer) = io::pipe()?;
    if let Some((uid, gid)) = owner {
        // Or the command could write to its output, but not open it by name (`> /dev/stderr`).
        let (uid, gid) = (rustix::fs::Uid::from_raw(uid), rustix::fs::Gid::from_raw(gid));
        rustix::fs::fchown(&writer, Some(uid), Some(gid))?;
    }
    let mut command = tokio::process::Command::new(launcher);
    command
        .arg0("squad")
        .arg(LAUNCHER_COMMAND)
        .env_clear()
        .current_dir("/")
        .stdin(Stdio::from(OwnedFd::from(theirs)))
        .stdout(writer.try_clone()?)
        .stderr(writer)
        // Ctrl-C in a terminal is for squad, which then decides.
        .process_group(0);
    // Not killed on drop: it ends by itself when the socket closes, and cleans up before. Tokio reaps it.
    drop(command.spawn()?);
    ours.set_nonblocking(true)?;
    Ok((UnixStream::from_std(ours)?, pipe::Receiver::from_owned_fd(output.into())?))
}

async fn send(control: &mut UnixStream, policy: &Policy) -> io::Result<()> {
    let text = serde_json::to_vec(policy)?;
    let length = u32::try_from(text.len()).map_err(io::Error::other)?;
    control.write_all(&length.to_le_bytes()).await?;
    control.write_all(&text).await
}

async fn read(
    mut output: pipe::Receiver,
    collector: &mut Collector,
    options: &ExecOptions,
) -> io::Result<()> {
    let mut chunk = vec![0; 64 * 1024];
    loop {
        let length = output.read(&mut chunk).await?;
        if length == 0 {
            return Ok(());
        }
        collector.push(&chunk[..length]);
        if let Some(sink) = &options.output {
            sink(&chunk[..length]);
        }
    }
}

async fn follow(
    control: &mut UnixStream,
    options: &ExecOptions,
    serve: &mut (impl FnMut(TcpListener) + Send),
) -> io::Result<Verdict> {
    let mut cancelled = false;
    let mut tag = [0];
    loop {
        let received = tokio::select! {
            received = receive(control, &mut tag) => received?,
            () = options.cancel.cancelled(), if !cancelled => {
                cancelled = true;
                control.shutdown().await?;
                continue;
            }
        };
        match (tag[0], received) {
            (LISTENER, Some(listener)) => serve(TcpListener::from(listener)),
            (VERDICT, None) => break,
            _ => return Err(io::Error::from(io::ErrorKind::InvalidData)),
        }
    }
    let mut text = Vec::new();
    control.read_to_end(&mut text).await?;
    Ok(serde_json::from_slice(&text)?)
}

/// One byte, and the descriptor that may come with it.
async fn receive(control: &UnixStream, byte: &mut [u8; 1]) -> io::Result<Option<OwnedFd>> {
    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(1))];
    let mut message = RecvAncillaryBuffer::new(&mut space);
    let received = control
        .async_io(Interest::READABLE, || {
            let mut buffers = [IoSliceMut::new(&mut byte[..])];
            let flags = RecvFlags::CMSG_CLOEXEC;
            Ok(rustix::net::recvmsg(control.as_fd(), &mut buffers, &mut message, flags)?)
        })
        .await?;
    if received.bytes == 0 {
        return Err(io::Error::new(io::ErrorKind::UnexpectedEof, "it ended without a word"));
    }
    let mut descriptors = message.drain().filter_map(|part| match part {
        RecvAncillaryMessage::ScmRights(descriptors) => Some(descriptors),
        _ => None,
    });
    Ok(descriptors.next().and_then(|mut descriptors| descriptors.next()))
}
