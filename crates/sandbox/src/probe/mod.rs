//! Tries the guarantees of a tier for real.

mod report;

pub use report::{Check, ProbeReport};

use crate::{BuiltinSandbox, SandboxError, Tier};

pub(crate) async fn builtin(sandbox: &BuiltinSandbox) -> Result<ProbeReport, SandboxError> {
    let _ = sandbox;
    Ok(ProbeReport { tier: Tier::Builtin, checks: Vec::new() })
}

pub(crate) async fn cached(sandbox: &BuiltinSandbox) -> Result<ProbeReport, SandboxError> {
    builtin(sandbox).await
}
