//! Process 1 of a container: runs one command after another for squad, and leaves nothing of one to the next.
//!
//! It talks to squad over its standard input and output, which the container runtime carries. When squad dies, its
//! input ends and so does it, and with it everything in the container. It never executes another program, holds no right,
//! and cannot be traced.

mod bounds;
mod clean;
mod protocol;
mod run;

use std::io;
use std::net::Ipv4Addr;
use std::os::fd::OwnedFd;
use std::process::ExitCode;

use futures::io::AsyncWriteExt as _;
use rustix::process::DumpableBehavior;
use tokio::net::TcpListener;
use tokio::net::unix::pipe;
use tokio_util::compat::TokioAsyncReadCompatExt as _;
use yamux::Mode;

pub(crate) use protocol::{Frame, Word, read_frame, read_request, write_frame, write_request};

use super::error::{Step, StepError};
use super::policy::Policy;
use super::{landlock, seccomp};
use crate::channel::{self, Opener, Stream};

/// The hidden sub-command by which a container starts the program as its process 1.
pub(crate) const KEEPER_COMMAND: &str = "__sandbox_keeper";

/// The life of a container's process 1.
pub(crate) fn process_one() -> ExitCode {
    match live() {
        Ok(()) => ExitCode::SUCCESS,
        Err(_) => ExitCode::FAILURE,
    }
}

fn live() -> Result<(), StepError> {
    rustix::process::set_dumpable_behavior(DumpableBehavior::NotDumpable).step("refuse tracing")?;
    rustix::thread::set_no_new_privs(true).step("refuse new rights")?;
    // Before anything is read: whatever profile the container runtime applies, this one holds as well.
    seccomp::apply()?;
    let (input, output) = take_standard_streams().step("take the standard streams")?;
    let runtime =
        tokio::runtime::Builder::new_current_thread().enable_all().build().step("start the runtime")?;
    runtime.block_on(keep(input, output))
}

/// Commands get an empty input, and no way to squad.
fn take_standard_streams() -> io::Result<(OwnedFd, OwnedFd)> {
    let input = rustix::io::fcntl_dupfd_cloexec(rustix::stdio::stdin(), 3)?;
    let output = rustix::io::fcntl_dupfd_cloexec(rustix::stdio::stdout(), 3)?;
    let null = std::fs::File::options().read(true).write(true).open("/dev/null")?;
    rustix::stdio::dup2_stdin(&null)?;
    rustix::stdio::dup2_stdout(&null)?;
    rustix::stdio::dup2_stderr(&null)?;
    Ok((input, output))
}

async fn keep(input: OwnedFd, output: OwnedFd) -> Result<(), StepError> {
    let input = pipe::Receiver::from_owned_fd(input).step("read the standard input")?;
    let output = pipe::Sender::from_owned_fd(output).step("write the standard output")?;
    let connection = tokio::io::join(input, output).compat();
    let (opener, mut commands, driver) = channel::channel(connection, Mode::Server);
    let serving = async {
        let mut keeper = Keeper { opener, landlocked: None, egress: None };
        while let Some(stream) = commands.recv().await {
            keeper.serve(stream).await;
        }
    };
    tokio::select! {
        () = driver => {}
        () = serving => {}
    }
    Ok(())
}

struct Keeper {
    opener: Opener,
    /// Whether Landlock is in force, once it was tried.
    landlocked: Option<bool>,
    egress: Option<tokio::task::JoinHandle<()>>,
}

impl Keeper {
    /// One command, from its policy to the verdict. Squad sees an error as a stream that ends without one.
    async fn serve(&mut self, stream: yamux::Stream) {
        use tokio_util::compat::FuturesAsyncReadCompatExt as _;
        let mut stream: Stream = stream.compat();
        let Ok(policy) = read_request(&mut stream).await else { return };
        let word = match self.prepare(&policy).await {
            Ok(landlock) => run::run(&policy, &mut stream, landlock).await,
            Err(error) => Word::not_started(error.to_string()),
        };
        let _ = write_frame(&mut stream, &Frame::Word(word)).await;
        let _ = stream.into_inner().close().await;
    }

    async fn prepare(&mut self, policy: &Policy) -> Result<bool, StepError> {
        let landlocked = match self.landlocked {
            Some(landlocked) => landlocked,
            // The container runtime may refuse it; its own walls then stand alone.
            None => landlock::apply(&super::init::writable(policy)).unwrap_or(false),
        };
        self.landlocked = Some(landlocked);
        if let (Some(port), None) = (policy.egress_port, &self.egress) {
            let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).await;
            let listener = listener.step("open the egress port inside")?;
            self.egress = Some(tokio::spawn(forward(listener, self.opener.clone())));
        }
        Ok(landlocked)
    }
}

/// Gives squad every connection to the egress port.
async fn forward(listener: TcpListener, opener: Opener) {
    while let Ok((mut client, _)) = listener.accept().await {
        let opener = opener.clone();
        tokio::spawn(async move {
            let Some(mut stream) = opener.open().await else { return };
            let _ = tokio::io::copy_bidirectional(&mut client, &mut stream).await;
        });
    }
}
