//! Tries the guarantees of a tier for real: by attempts that must fail, and by excess that must be stopped.

mod attempts;
mod remedy;
mod report;

use std::path::PathBuf;
use std::sync::LazyLock;

pub use report::{Check, ProbeReport};
use tokio::sync::Mutex;

use crate::launcher::policy::Isolation;
use crate::{BuiltinSandbox, Sandbox, SandboxError};

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
