//! A session of tiers `docker` and `gvisor`: a warm container that runs one command after another.
//!
//! A command has a container to itself, so that its limits are its own and all of it can be killed. Commands that run side
//! by side get containers of their own, of which some are kept warm.

use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::time::{Duration, Instant};

use async_trait::async_trait;
use rustix::process::Signal;
use tokio::io::AsyncWriteExt as _;
use tokio_util::compat::FuturesAsyncReadCompatExt as _;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::disk::DiskGuard;
use super::running::Running;
use super::{ContainerSandbox, Ready};
use crate::builtin::{Disks, EGRESS_PORT, Launched, bounded_folders, status};
use crate::egress::Proxy;
use crate::launcher::keeper::{Frame, Word, read_frame, write_request};
use crate::launcher::policy::{Isolation, Outcome, Policy};
use crate::output::Collector;
use crate::{Command, ExecOptions, ExecResult, SandboxError, Session, WORKSPACE_INSIDE, WorkspaceSpec};

/// How long process 1 may take to end a command beyond its time; then the daemon ends the container.
const GRACE: Duration = Duration::from_secs(20);

pub(crate) struct ContainerSession {
    sandbox: ContainerSandbox,
    spec: WorkspaceSpec,
    ready: Ready,
    base: Policy,
    proxy: Option<Proxy>,
    disks: Disks,
    idle: Mutex<Vec<Warm>>,
    /// Cancelled by `kill`, and then replaced.
    running: Mutex<CancellationToken>,
    destroyed: CancellationToken,
}

/// Containers that a session keeps without a command. Each costs some megabytes of memory.
const WARM: usize = 4;

/// A container without a command.
struct Warm {
    container: Running,
    /// What was mounted into it.
    mounted: Mounted,
}

/// Device and inode of the folders and files that somebody may replace while a container shows them.
type Mounted = Vec<Option<(u64, u64)>>;

impl ContainerSession {
    pub(super) fn open(
        sandbox: ContainerSandbox,
        spec: WorkspaceSpec,
        ready: Ready,
    ) -> Result<Self, SandboxError> {
        let proxy = if spec.hosts.is_empty() {
            None
        } else {
            Some(Proxy::new(&spec.hosts, &sandbox.egress, sandbox.log.and(&spec.egress_log))?)
        };
        let base = Policy {
            isolation: Isolation::Container,
            drop_to: None,
            nodes: ready.nodes.clone(),
            argv: Vec::new(),
            env: ready.environment.clone(),
            cwd: PathBuf::from(WORKSPACE_INSIDE),
            limits: spec.limits.clone(),
            watch: Vec::new(),
            egress_port: proxy.is_some().then_some(EGRESS_PORT),
        };
        let disks = Disks::new(bounded_folders(&spec));
        Ok(Self {
            sandbox,
            spec,
            ready,
            base,
            proxy,
            disks,
            idle: Mutex::default(),
            running: Mutex::default(),
            destroyed: CancellationToken::new(),
        })
    }

    fn policy(&self, command: &Command) -> Policy {
        let mut policy = self.base.clone();
        policy.argv = self.ready.shell.iter().cloned().chain([command.command.clone()]).collect();
        for (name, value) in &command.env {
            policy.env.retain(|(existing, _)| existing != name);
            policy.env.push((name.clone(), value.clone()));
        }
        if let Some(cwd) = &command.cwd {
            policy.cwd = policy.cwd.join(cwd);
        }
        if let Some(timeout) = command.timeout {
            policy.limits.wall = policy.limits.wall.min(timeout);
        }
        policy
    }

    fn mounted(&self) -> Mounted {
        let git = self.spec.root.join(".git");
        let mut paths = vec![self.spec.root.as_path(), &git];
        paths.extend(self.spec.cache_dir.as_deref());
        paths.extend(self.spec.read_only.iter().map(|mount| mount.host.as_path()));
        let identity = |path: &Path| {
            let status = std::fs::symlink_metadata(path).ok()?;
            Some((status.dev(), status.ino()))
        };
        paths.into_iter().map(identity).collect()
    }

    /// The warm container, if it still shows what is there, or a new one.
    async fn container(&self) -> Result<Warm, SandboxError> {
        let mounted = self.mounted();
        loop {
            let idle = self.idle.lock().expect("no holder panics").pop();
            match idle {
                Some(warm) if warm.mounted == mounted && !warm.container.has_ended() => return Ok(warm),
                Some(warm) => warm.container.remove().await,
                None => break,
            }
        }
        let container = self.sandbox.start(&self.ready, &self.spec.limits).await?;
        Ok(Warm { container, mounted })
    }

    fn keep(&self, warm: Warm) {
        let mut idle = self.idle.lock().expect("no holder panics");
        if idle.len() < WARM && !self.destroyed.is_cancelled() {
            idle.push(warm);
        }
    }

    /// Whether commands get this variable from here.
    pub(crate) fn sets(&self, variable: &str) -> bool {
        self.base.env.iter().any(|(name, _)| name == variable)
    }

    pub(crate) async fn run(
        &self,
        command: &Command,
        options: &ExecOptions,
    ) -> Result<Launched, SandboxError> {
        if self.destroyed.is_cancelled() {
            return Err(SandboxError::Destroyed { id: self.spec.id.clone() });
        }
        let start = Instant::now();
        let killed = self.running.lock().expect("no holder panics").child_token();
        let policy = self.policy(command);
        let mut warm = self.container().await?;
        let mut collector = Collector::new(policy.limits.output_bytes);
        let word = {
            let exchange = Exchange { session: self, policy: &policy, options, killed: &killed };
            exchange.follow(&mut warm.container, &mut collector).await?
        };
        if word.clean && !warm.container.has_ended() {
            self.keep(warm);
        } else {
            warm.container.remove().await;
        }
        let output = collector.finish();
        let status = status(&word.verdict.outcome, &output)?;
        let result = ExecResult { status, output, duration: start.elapsed() };
        Ok(Launched { result, verdict: word.verdict })
    }
}

/// One command, as squad follows it.
struct Exchange<'a> {
    session: &'a ContainerSession,
    policy: &'a Policy,
    options: &'a ExecOptions,
    killed: &'a CancellationToken,
}

impl Exchange<'_> {
    /// From the policy to process 1's last word. Whatever stops the command closes this side of the stream, upon which
    /// process 1 kills it.
    async fn follow(&self, container: &mut Running, collector: &mut Collector) -> Result<Word, SandboxError> {
        let mut stream = container.stream().await?;
        if write_request(&mut stream, self.policy).await.is_err() {
            return Err(container.lost());
        }
        let (mut from, mut to) = tokio::io::split(stream);
        let disk = DiskGuard::start(&self.session.disks);
        let over = CancellationToken::new();
        let connections = TaskTracker::new();
        let deadline = tokio::time::sleep(self.policy.limits.wall + GRACE);
        tokio::pin!(deadline);
        let mut stopped = None;
        let mut word = loop {
            let reading = read_frame(&mut from);
            tokio::pin!(reading);
            let frame = loop {
                let stop = tokio::select! {
                    frame = &mut reading => break frame,
                    Some(connection) = container.incoming.recv() => {
                        if let Some(proxy) = &self.session.proxy {
                            proxy.serve_one(connection.compat(), &connections, &over);
                        }
                        continue;
                    }
                    () = self.options.cancel.cancelled(), if stopped.is_none() => Outcome::Cancelled,
                    () = self.killed.cancelled(), if stopped.is_none() => Outcome::Cancelled,
                    () = disk.full(), if stopped.is_none() => Outcome::WorkspaceFull,
                    () = &mut deadline => break Err(std::io::ErrorKind::TimedOut.into()),
                };
                stopped = Some(stop);
                let _ = to.shutdown().await;
                deadline.as_mut().reset(tokio::time::Instant::now() + GRACE);
            };
            match frame {
                Ok(Frame::Output(piece)) => {
                    collector.push(&piece);
                    if let Some(sink) = &self.options.output {
                        sink(&piece);
                    }
                }
                Ok(Frame::Word(word)) => break word,
                Err(_) => break self.without_word(container, stopped.clone()).await?,
            }
        };
        over.cancel();
        connections.close();
        connections.wait().await;
        let full = disk.end(&self.session.disks).await;
        let by_itself = matches!(word.verdict.outcome, Outcome::Exited(_) | Outcome::Signaled(_));
        match stopped {
            // It may have ended by itself just before, or at another limit.
            Some(outcome) if word.verdict.outcome == Outcome::Cancelled => word.verdict.outcome = outcome,
            _ if by_itself && full => word.verdict.outcome = Outcome::WorkspaceFull,
            _ => {}
        }
        Ok(word)
    }

    /// The container ended in the middle of the command, or its process 1 does not answer.
    async fn without_word(
        &self,
        container: &Running,
        stopped: Option<Outcome>,
    ) -> Result<Word, SandboxError> {
        let mut word = Word::not_started(String::new());
        word.verdict.outcome = if container.was_out_of_memory().await {
            Outcome::OutOfMemory
        } else if let Some(stopped) = stopped {
            stopped
        } else if container.has_ended() {
            if !container.daemon_answers().await {
                return Err(container.lost());
            }
            // With some runtimes a command can kill process 1, and ends itself by that.
            Outcome::Signaled(Signal::KILL.as_raw())
        } else {
            Outcome::TimedOut
        };
        Ok(word)
    }
}

#[async_trait]
impl Session for ContainerSession {
    fn workspace_inside(&self) -> &Path {
        Path::new(WORKSPACE_INSIDE)
    }

    async fn exec(&self, command: Command, options: ExecOptions) -> Result<ExecResult, SandboxError> {
        let launched = self.run(&command, &options).await?;
        tracing::debug!(workspace = %self.spec.id, status = ?launched.result.status, "command ended");
        Ok(launched.result)
    }

    async fn kill(&self) {
        std::mem::take(&mut *self.running.lock().expect("no holder panics")).cancel();
    }

    async fn destroy(&self) {
        self.destroyed.cancel();
        self.kill().await;
        let idle = std::mem::take(&mut *self.idle.lock().expect("no holder panics"));
        for warm in idle {
            warm.container.remove().await;
        }
    }
}
