//! A session of tiers `builtin` and `none`: the policy of a workspace, ready to be launched again and again.

use std::path::{Path, PathBuf};
use std::sync::Mutex;

use async_trait::async_trait;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::disks::Disks;
use super::root::{self, HOME_INSIDE, WORKSPACE_INSIDE};
use super::{BuiltinSandbox, Launched, blocking, launch, workspace_owner};
use crate::egress::Proxy;
use crate::launcher::INSIDE_ID;
use crate::launcher::policy::{Isolation, Policy};
use crate::toolchain::{environment, environment_without_walls};
use crate::{Command, ExecOptions, ExecResult, SandboxError, Session, WorkspaceSpec};

/// The loopback port inside on which the egress proxy listens.
pub(crate) const EGRESS_PORT: u16 = 3128;

pub(crate) struct BuiltinSession {
    sandbox: BuiltinSandbox,
    spec: WorkspaceSpec,
    base: Policy,
    proxy: Option<Proxy>,
    disks: Disks,
    inside: PathBuf,
    /// Cancelled by `kill`, and then replaced.
    running: Mutex<CancellationToken>,
    destroyed: CancellationToken,
}

impl BuiltinSession {
    pub(crate) async fn open(sandbox: BuiltinSandbox, spec: WorkspaceSpec) -> Result<Self, SandboxError> {
        let proxy = if spec.hosts.is_empty() {
            None
        } else {
            Some(Proxy::new(&spec.hosts, &sandbox.egress, sandbox.log.and(&spec.egress_log))?)
        };
        let isolated = sandbox.isolation != Isolation::Process;
        let (toolchains, for_nodes) = (sandbox.toolchains.clone(), spec.clone());
        let nodes = blocking(move || {
            if let Some(cache) = &for_nodes.cache_dir {
                toolchains.prepare_cache(cache)?;
            }
            if isolated {
                root::nodes(&for_nodes, &toolchains, (INSIDE_ID, INSIDE_ID))
            } else {
                Ok(Vec::new())
            }
        })
        .await?;
        let inside = if isolated { PathBuf::from(WORKSPACE_INSIDE) } else { spec.root.clone() };
        let egress_port = (isolated && proxy.is_some()).then_some(EGRESS_PORT);
        let env = if isolated {
            environment(&sandbox.toolchains, Path::new(HOME_INSIDE), egress_port)
        } else {
            environment_without_walls(&sandbox.toolchains)
        };
        let base = Policy {
            isolation: sandbox.isolation.clone(),
            drop_to: if isolated { workspace_owner() } else { None },
            nodes,
            argv: Vec::new(),
            env,
            cwd: inside.clone(),
            limits: spec.limits.clone(),
            watch: Vec::new(),
            egress_port,
        };
        let disks = Disks::new(root::bounded_folders(&spec));
        Ok(Self {
            disks,
            sandbox,
            spec,
            base,
            proxy,
            inside,
            running: Mutex::default(),
            destroyed: CancellationToken::new(),
        })
    }

    fn policy(&self, command: &Command) -> Policy {
        let mut policy = self.base.clone();
        policy.watch = self.disks.watched();
        policy.argv = vec![shell().into(), "-c".into(), command.command.clone()];
        for (name, value) in &command.env {
            policy.env.retain(|(existing, _)| existing != name);
            policy.env.push((name.clone(), value.clone()));
        }
        if let Some(cwd) = &command.cwd {
            policy.cwd = self.inside.join(cwd);
        }
        if let Some(timeout) = command.timeout {
            policy.limits.wall = policy.limits.wall.min(timeout);
        }
        policy
    }

    fn remember(&self, launched: Launched) -> Result<Launched, SandboxError> {
        self.disks.remember(&launched.verdict.measured);
        Ok(launched)
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
        let policy = self.policy(command);
        // Ends with this run, whether it finishes or is dropped: then the proxy stops serving it.
        let this_run = self.running.lock().expect("no holder panics").child_token();
        let ends = this_run.clone().drop_guard();
        let connections = TaskTracker::new();
        let stop = this_run.clone();
        let forward = options.cancel.clone();
        let options = ExecOptions { output: options.output.clone(), cancel: this_run.clone() };
        let launched = launch(&self.sandbox.launcher, &policy, &options, |listener| {
            if let Some(proxy) = &self.proxy {
                proxy.serve(listener, &connections, this_run.clone());
            }
        });
        tokio::pin!(launched);
        let done = tokio::select! {
            done = &mut launched => done,
            () = forward.cancelled() => {
                stop.cancel();
                launched.await
            }
        };
        // So that every request has been told when the command's outcome is.
        drop(ends);
        connections.close();
        connections.wait().await;
        self.remember(done?)
    }
}

/// `bash` where it is, because that is what people write commands for.
pub(crate) fn shell() -> &'static str {
    ["/bin/bash", "/usr/bin/bash"].into_iter().find(|path| Path::new(path).exists()).unwrap_or("/bin/sh")
}

#[async_trait]
impl Session for BuiltinSession {
    fn workspace_inside(&self) -> &Path {
        &self.inside
    }

    async fn exec(&self, command: Command, options: ExecOptions) -> Result<ExecResult, SandboxError> {
        let launched = self.run(&command, &options).await?;
        tracing::debug!(
            workspace = %self.spec.id,
            status = ?launched.result.status,
            enforcement = ?launched.verdict.enforcement,
            "command ended"
        );
        Ok(launched.result)
    }

    async fn kill(&self) {
        std::mem::take(&mut *self.running.lock().expect("no holder panics")).cancel();
    }

    async fn destroy(&self) {
        self.destroyed.cancel();
        self.kill().await;
    }
}
