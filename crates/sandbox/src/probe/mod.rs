//! Tries the guarantees of a tier for real: by attempts that must fail, and by excess that must be stopped.

mod attempts;
mod remedy;
mod report;

use std::path::PathBuf;
use std::sync::LazyLock;

use async_trait::async_trait;
pub use report::{Check, ProbeReport};
use tokio::sync::Mutex;

use crate::builtin::{BuiltinSession, Launched};
use crate::container::ContainerSession;
use crate::launcher::policy::Isolation;
use crate::{
    BuiltinSandbox, Command, ContainerSandbox, ExecOptions, Sandbox, SandboxError, Session as _,
    WorkspaceSpec,
};

/// Probes the walls of tier `builtin`; for tier `none` says that there are none.
pub(crate) async fn walls(sandbox: &BuiltinSandbox) -> Result<ProbeReport, SandboxError> {
    let tier = sandbox.tier();
    if sandbox.isolation == Isolation::Process {
        let detail = "commands run without any isolation, because tier `none` was asked for".to_owned();
        let check = Check { name: "isolation".into(), held: true, detail, remedy: None };
        return Ok(ProbeReport { tier, checks: vec![check] });
    }
    let checks = match attempts::all(sandbox).await {
        Ok(checks) => checks,
        Err(SandboxError::Setup { reason } | SandboxError::Launcher { reason }) => vec![Check {
            name: "isolation".into(),
            held: false,
            detail: reason,
            remedy: Some(remedy::for_namespaces()),
        }],
        Err(other) => return Err(other),
    };
    Ok(ProbeReport { tier, checks })
}

/// A tier whose guarantees can be tried.
#[async_trait]
pub(crate) trait Subject: Send + Sync {
    async fn open(&self, spec: WorkspaceSpec) -> Result<Box<dyn Trial>, SandboxError>;
}

/// An open session of a subject.
#[async_trait]
pub(crate) trait Trial: Send + Sync {
    async fn run(&self, command: &Command, options: &ExecOptions) -> Result<Launched, SandboxError>;
    /// Whether commands get this variable from the sandbox.
    fn sets(&self, variable: &str) -> bool;
    async fn end(&self);
}

macro_rules! subject {
    ($sandbox:ty, $session:ty) => {
        #[async_trait]
        impl Subject for $sandbox {
            async fn open(&self, spec: WorkspaceSpec) -> Result<Box<dyn Trial>, SandboxError> {
                Ok(Box::new(self.open(spec).await?))
            }
        }

        #[async_trait]
        impl Trial for $session {
            async fn run(&self, command: &Command, options: &ExecOptions) -> Result<Launched, SandboxError> {
                self.run(command, options).await
            }

            fn sets(&self, variable: &str) -> bool {
                self.sets(variable)
            }

            async fn end(&self) {
                self.destroy().await;
            }
        }
    };
}

subject!(BuiltinSandbox, BuiltinSession);
subject!(ContainerSandbox, ContainerSession);

/// Probes the walls of tiers `docker` and `gvisor`.
pub(crate) async fn containers(sandbox: &ContainerSandbox) -> Result<ProbeReport, SandboxError> {
    let tier = sandbox.tier();
    let refused = |detail: String, remedy: String| {
        vec![Check { name: "daemon".into(), held: false, detail, remedy: Some(remedy) }]
    };
    let mut checks = match attempts::all(sandbox).await {
        Ok(checks) => checks,
        Err(SandboxError::DoesNotHold { reason, remedy, .. }) => refused(reason, remedy),
        Err(SandboxError::Docker { action, reason }) => {
            refused(format!("cannot {action}: {reason}"), remedy::for_containers(tier))
        }
        Err(SandboxError::Setup { reason }) => refused(reason, remedy::for_containers(tier)),
        Err(other) => return Err(other),
    };
    for check in checks.iter_mut().filter(|check| !check.held) {
        check.remedy.get_or_insert_with(|| remedy::for_containers(tier));
    }
    Ok(ProbeReport { tier, checks })
}

type Probed = Vec<(PathBuf, Isolation, ProbeReport)>;

static REPORTS: LazyLock<Mutex<Probed>> = LazyLock::new(Mutex::default);

/// The report of this process' first probe of the same launcher: the machine's abilities do not change meanwhile.
pub(crate) async fn cached(sandbox: &BuiltinSandbox) -> Result<ProbeReport, SandboxError> {
    // Held while probing, so that those who ask at the same time wait instead of probing as well.
    let mut reports = REPORTS.lock().await;
    let same = |(launcher, isolation, _): &&(PathBuf, Isolation, ProbeReport)| {
        *launcher == sandbox.launcher && *isolation == sandbox.isolation
    };
    if let Some((_, _, report)) = reports.iter().find(same) {
        return Ok(report.clone());
    }
    let report = walls(sandbox).await?;
    reports.push((sandbox.launcher.clone(), sandbox.isolation.clone(), report.clone()));
    Ok(report)
}
