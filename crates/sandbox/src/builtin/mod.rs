//! Tier `builtin`, and tier `none`, which shares the launcher but has no walls.

mod disks;
mod ownership;
mod root;
mod run;
mod session;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use async_trait::async_trait;

pub(crate) use disks::Disks;
pub(crate) use ownership::hand_over;
pub use ownership::{SANDBOX_ID, workspace_owner};
pub use root::WORKSPACE_INSIDE;
pub(crate) use root::{HOME_INSIDE, bounded_folders, nodes, nodes_without_system};
pub(crate) use run::{Launched, launch, status};
pub(crate) use session::{BuiltinSession, EGRESS_PORT, shell};

use crate::egress::EgressPolicy;
use crate::launcher::cgroup;
use crate::launcher::policy::Isolation;
use crate::toolchain::Toolchains;
use crate::{EgressLog, HostEnvironment, ProbeReport, Sandbox, SandboxError, Session, Tier, WorkspaceSpec};

/// Commands behind Linux namespaces, seccomp, Landlock, resource limits and control groups; no service needed.
#[derive(Debug, Clone)]
pub struct BuiltinSandbox {
    pub(crate) launcher: PathBuf,
    pub(crate) isolation: Isolation,
    pub(crate) toolchains: Arc<Toolchains>,
    pub(crate) egress: EgressPolicy,
    pub(crate) log: EgressLog,
}

impl BuiltinSandbox {
    /// A sandbox whose launcher is the given program: one that calls [`crate::launcher_main`] first of all.
    pub fn new(launcher: impl Into<PathBuf>) -> Self {
        Self {
            launcher: launcher.into(),
            isolation: Isolation::Namespaces,
            toolchains: Arc::new(Toolchains::discover(&HostEnvironment::of_this_process())),
            egress: EgressPolicy::default(),
            log: EgressLog::default(),
        }
    }

    /// The same through `bwrap`, for hosts that let only that program create user namespaces.
    #[must_use]
    pub fn through_bwrap(mut self, program: impl Into<PathBuf>) -> Self {
        self.isolation = Isolation::Bwrap { program: program.into() };
        self
    }

    /// Without any isolation: tier `none`.
    #[must_use]
    pub fn without_isolation(mut self) -> Self {
        self.isolation = Isolation::Process;
        self
    }

    /// Takes toolchains from this environment instead of the process' own.
    #[must_use]
    pub fn with_host_environment(mut self, environment: &HostEnvironment) -> Self {
        self.toolchains = Arc::new(Toolchains::discover(environment));
        self
    }

    /// What the egress proxy may connect to, and who is told of each request.
    #[must_use]
    pub fn with_egress(mut self, policy: EgressPolicy, log: EgressLog) -> Self {
        self.egress = policy;
        self.log = log;
        self
    }
}

#[async_trait]
impl Sandbox for BuiltinSandbox {
    fn tier(&self) -> Tier {
        if self.isolation == Isolation::Process { Tier::None } else { Tier::Builtin }
    }

    async fn prepare(&self, spec: WorkspaceSpec) -> Result<Arc<dyn Session>, SandboxError> {
        Ok(Arc::new(self.open(spec).await?))
    }

    async fn probe(&self) -> Result<ProbeReport, SandboxError> {
        crate::probe::walls(self).await
    }
}

impl BuiltinSandbox {
    pub(crate) async fn open(&self, spec: WorkspaceSpec) -> Result<BuiltinSession, SandboxError> {
        let has_walls = self.isolation != Isolation::Process;
        let spec = blocking(move || {
            let spec = checked(spec)?;
            cgroup::sweep();
            if !has_walls {
                return Ok(spec);
            }
            hand_over(&spec.root, true)?;
            if let Some(cache) = &spec.cache_dir {
                hand_over(cache, false)?;
            }
            Ok(spec)
        })
        .await?;
        BuiltinSession::open(self.clone(), spec).await
    }
}

/// Makes every path absolute and free of links, so that what is mounted is what was named.
pub(crate) fn checked(mut spec: WorkspaceSpec) -> Result<WorkspaceSpec, SandboxError> {
    spec.root = real(&spec.root)?;
    if !spec.root.is_dir() {
        return Err(SandboxError::Path { path: spec.root, reason: "it is no folder".into() });
    }
    if let Some(cache) = &spec.cache_dir {
        std::fs::create_dir_all(cache).map_err(SandboxError::io(format!("create `{}`", cache.display())))?;
        spec.cache_dir = Some(real(cache)?);
    }
    for mount in &mut spec.read_only {
        mount.host = real(&mount.host)?;
        if !mount.inside.is_absolute() {
            return Err(SandboxError::Path {
                path: mount.inside.clone(),
                reason: "its place inside must be absolute".into(),
            });
        }
    }
    Ok(spec)
}

fn real(path: &Path) -> Result<PathBuf, SandboxError> {
    path.canonicalize()
        .map_err(|error| SandboxError::Path { path: path.to_path_buf(), reason: error.to_string() })
}

/// Runs file work off the async threads.
pub(crate) async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, SandboxError> + Send + 'static,
) -> Result<T, SandboxError> {
    tokio::task::spawn_blocking(work).await.expect("file work neither panics nor is aborted")
}
