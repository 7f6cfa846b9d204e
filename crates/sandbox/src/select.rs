//! Chooses a tier, after it has shown that it holds.

use std::path::PathBuf;
use std::sync::Arc;

use crate::{
    BuiltinSandbox, ContainerSandbox, DockerConfig, EgressLog, EgressPolicy, Sandbox, SandboxError, Tier,
    TierChoice, workspace_owner,
};

/// What a tier needs to know.
#[derive(Debug, Clone)]
pub struct SandboxConfig {
    /// The program that calls [`crate::launcher_main`] first of all.
    pub launcher: PathBuf,
    /// What the egress proxy may connect to.
    pub egress: EgressPolicy,
    /// Who is told of each request that goes out.
    pub egress_log: EgressLog,
    /// The Docker daemon of tiers `docker` and `gvisor`.
    pub docker: DockerConfig,
}

impl Default for SandboxConfig {
    /// The running program itself, even if its file was replaced meanwhile; the internet only; told to the log.
    fn default() -> Self {
        Self {
            launcher: PathBuf::from("/proc/self/exe"),
            egress: EgressPolicy::default(),
            egress_log: EgressLog::default(),
            docker: DockerConfig::of_this_process(),
        }
    }
}

/// Gives the tier asked for, if it holds on this machine; never a weaker one.
///
/// # Errors
///
/// When this build has not got the tier, or when one of its guarantees failed: the error says which, and what to do.
pub async fn select(choice: TierChoice, config: &SandboxConfig) -> Result<Arc<dyn Sandbox>, SandboxError> {
    let sandbox =
        BuiltinSandbox::new(&config.launcher).with_egress(config.egress.clone(), config.egress_log.clone());
    match choice {
        TierChoice::Auto | TierChoice::Tier(Tier::Builtin) => {
            let report = crate::probe::cached(&sandbox).await?;
            // Not weaker: the same walls, made by the one program that the host allows to make them.
            if !report.held()
                && workspace_owner().is_none()
                && let Some(bwrap) = find_bwrap()
            {
                let through_bwrap = sandbox.through_bwrap(bwrap);
                crate::probe::cached(&through_bwrap).await?.require()?;
                return Ok(Arc::new(through_bwrap));
            }
            report.require()?;
            Ok(Arc::new(sandbox))
        }
        TierChoice::Tier(Tier::None) => Ok(Arc::new(sandbox.without_isolation())),
        TierChoice::Tier(Tier::Docker) => probed(ContainerSandbox::docker(config)).await,
        TierChoice::Tier(Tier::Gvisor) => probed(ContainerSandbox::gvisor(config)).await,
        TierChoice::Tier(tier @ Tier::Kubernetes) => Err(SandboxError::NotInThisBuild { tier }),
    }
}

async fn probed(sandbox: ContainerSandbox) -> Result<Arc<dyn Sandbox>, SandboxError> {
    sandbox.probe().await?.require()?;
    Ok(Arc::new(sandbox))
}

fn find_bwrap() -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    std::env::split_paths(&path).map(|folder| folder.join("bwrap")).find(|program| program.is_file())
}
