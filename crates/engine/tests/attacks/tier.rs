//! The tier under attack, with limits that a test can reach.

use crate::house::launcher;
use async_trait::async_trait;
use squad_sandbox::{
    BuiltinSandbox, ContainerSandbox, Limits, ProbeReport, Sandbox, SandboxConfig, SandboxError, Session,
    Tier, WorkspaceSpec,
};
use std::sync::Arc;

const MIB: u64 = 1024 * 1024;

pub(crate) fn tier() -> Tier {
    std::env::var("SQUAD_TEST_TIER").map_or(Tier::Builtin, |name| name.parse().unwrap())
}

/// The sandbox under attack.
pub(crate) fn sandbox() -> Arc<dyn Sandbox> {
    let config = SandboxConfig { launcher: launcher(), ..SandboxConfig::default() };
    let inner: Arc<dyn Sandbox> = match tier() {
        Tier::Docker => Arc::new(ContainerSandbox::docker(&config)),
        Tier::Gvisor => Arc::new(ContainerSandbox::gvisor(&config)),
        _ => Arc::new(BuiltinSandbox::new(&config.launcher)),
    };
    Arc::new(Tight(inner))
}

/// The same sandbox with narrower limits than an engine asks for.
struct Tight(Arc<dyn Sandbox>);

#[async_trait]
impl Sandbox for Tight {
    fn tier(&self) -> Tier {
        self.0.tier()
    }

    async fn prepare(&self, mut spec: WorkspaceSpec) -> Result<Arc<dyn Session>, SandboxError> {
        spec.limits = Limits {
            memory_bytes: 384 * MIB,
            pids: 64,
            workspace_bytes: 64 * MIB,
            cache_bytes: 64 * MIB,
            tmp_bytes: 32 * MIB,
            ..spec.limits
        };
        self.0.prepare(spec).await
    }

    async fn probe(&self) -> Result<ProbeReport, SandboxError> {
        self.0.probe().await
    }
}

/// No walls at all, to see what an attack would reach.
pub(crate) fn without_walls() -> BuiltinSandbox {
    BuiltinSandbox::new(launcher()).without_isolation()
}
