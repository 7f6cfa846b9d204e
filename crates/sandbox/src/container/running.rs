//! One container, from its start to its end.

use std::io;
use std::pin::Pin;
use std::sync::Arc;

use bollard::container::LogOutput;
use bollard::models::ContainerCreateBody;
use bollard::query_parameters::{
    AttachContainerOptions, CreateContainerOptions, InspectContainerOptions, StartContainerOptions,
};
use futures::{StreamExt as _, TryStreamExt as _};
use tokio::io::AsyncWrite;
use tokio_util::compat::TokioAsyncReadCompatExt as _;
use tokio_util::io::StreamReader;
use tokio_util::sync::CancellationToken;
use tokio_util::task::AbortOnDropHandle;
use yamux::Mode;

use super::daemon::{Daemon, failed};
use crate::SandboxError;
use crate::channel::{self, Incoming, Opener, Stream};

/// A container whose process 1 waits for commands. Dropping it ends it, and everything in it.
pub(super) struct Running {
    id: String,
    daemon: Arc<Daemon>,
    opener: Opener,
    /// Connections that commands make to the egress proxy.
    pub(super) incoming: Incoming,
    driver: Option<AbortOnDropHandle<()>>,
    /// Process 1's end of the channel has ended.
    ended: CancellationToken,
    complaints: Complaints,
}

/// What process 1, or the runtime that should have started it, said on the standard error.
type Complaints = Arc<std::sync::Mutex<String>>;

/// Longer complaints help nobody, in bytes.
const COMPLAINTS: usize = 4096;

impl Running {
    pub(super) async fn start(daemon: Arc<Daemon>, body: ContainerCreateBody) -> Result<Self, SandboxError> {
        let docker = &daemon.docker;
        let created = docker.create_container(None::<CreateContainerOptions>, body).await;
        let id = created.map_err(failed("create a container"))?.id;
        // Removes it if what follows fails or is dropped.
        let guard = Guard { id: id.clone(), daemon: Some(daemon.clone()) };
        let options = AttachContainerOptions {
            stream: true,
            stdin: true,
            stdout: true,
            stderr: true,
            ..Default::default()
        };
        let attached = docker.attach_container(&id, Some(options)).await;
        let attached = attached.map_err(failed("attach to a container"))?;
        docker
            .start_container(&id, None::<StartContainerOptions>)
            .await
            .map_err(failed("start a container"))?;

        let complaints = Complaints::default();
        let (opener, incoming, driver) =
            channel::channel(connection(attached, complaints.clone()).compat(), Mode::Client);
        let ended = CancellationToken::new();
        let end = ended.clone().drop_guard();
        let driver = tokio::spawn(async move {
            driver.await;
            drop(end);
        });
        guard.keep();
        let driver = Some(AbortOnDropHandle::new(driver));
        Ok(Self { id, daemon, opener, incoming, driver, ended, complaints })
    }

    /// A stream for one command.
    pub(super) async fn stream(&self) -> Result<Stream, SandboxError> {
        match self.opener.open().await {
            Some(stream) => Ok(stream),
            None => Err(self.lost()),
        }
    }

    /// Its process 1 does not answer any more.
    pub(super) fn has_ended(&self) -> bool {
        self.ended.is_cancelled()
    }

    pub(super) fn lost(&self) -> SandboxError {
        let said = self.complaints.lock().expect("no holder panics").trim().to_owned();
        let said = if said.is_empty() { "it ended".to_owned() } else { format!("it ended: {said}") };
        SandboxError::Docker { action: "use a container".into(), reason: said }
    }

    /// Whether the kernel killed it as a whole for want of memory.
    pub(super) async fn was_out_of_memory(&self) -> bool {
        let inspected = self.daemon.docker.inspect_container(&self.id, None::<InspectContainerOptions>).await;
        inspected.is_ok_and(|container| container.state.and_then(|state| state.oom_killed).unwrap_or(false))
    }

    pub(super) async fn daemon_answers(&self) -> bool {
        self.daemon.docker.ping().await.is_ok()
    }

    /// Ends it and waits until the daemon has removed it.
    pub(super) async fn remove(mut self) {
        self.driver = None;
        self.daemon.remove(&self.id).await;
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // Process 1 ends when its input does. Should it not, or not fast enough, the daemon ends it.
        if self.driver.take().is_some() {
            drop(Guard { id: self.id.clone(), daemon: Some(self.daemon.clone()) });
        }
    }
}

/// Removes a container when dropped.
struct Guard {
    id: String,
    daemon: Option<Arc<Daemon>>,
}

impl Guard {
    fn keep(mut self) {
        self.daemon = None;
    }
}

impl Drop for Guard {
    fn drop(&mut self) {
        let (Some(daemon), Ok(runtime)) = (self.daemon.take(), tokio::runtime::Handle::try_current()) else {
            return;
        };
        let id = std::mem::take(&mut self.id);
        runtime.spawn(async move { daemon.remove(&id).await });
    }
}

/// The container's standard input and output as one connection; its standard error goes to the complaints.
fn connection(
    attached: bollard::container::AttachContainerResults,
    complaints: Complaints,
) -> tokio::io::Join<impl tokio::io::AsyncRead + Send + Unpin, Pin<Box<dyn AsyncWrite + Send>>> {
    let output = attached.output.map_err(io::Error::other).try_filter_map(move |piece| {
        let output = match piece {
            LogOutput::StdOut { message } => Some(message),
            LogOutput::StdErr { message } | LogOutput::Console { message } => {
                let mut complaints = complaints.lock().expect("no holder panics");
                if complaints.len() < COMPLAINTS {
                    complaints.push_str(&String::from_utf8_lossy(&message));
                }
                None
            }
            LogOutput::StdIn { .. } => None,
        };
        std::future::ready(Ok(output))
    });
    tokio::io::join(StreamReader::new(output.boxed()), attached.input)
}
