//! A real session on a throw-away workspace.

use std::path::PathBuf;
use std::sync::Arc;

use squad_sandbox::{
    BuiltinSandbox, Command, ContainerSandbox, EgressLog, EgressPolicy, ExecOptions, ExecResult, ExitStatus,
    HostEnvironment, Sandbox, SandboxConfig, Session, Tier, WorkspaceSpec,
};
use tempfile::TempDir;

/// A session, and the folders that it lives in.
pub(crate) struct Room {
    pub(crate) session: Arc<dyn Session>,
    pub(crate) folder: TempDir,
}

/// The launcher's program. Another user than the one who built it may be unable to reach it, hence the override.
pub(crate) fn launcher() -> PathBuf {
    std::env::var_os("SQUAD_TEST_LAUNCHER")
        .map_or_else(|| env!("CARGO_BIN_EXE_squad-sandbox-launcher").into(), PathBuf::from)
}

/// What a test wants of a sandbox beside the tier, which is chosen for all tests at once.
#[derive(Default)]
pub(crate) struct Wanted {
    pub(crate) egress: EgressPolicy,
    pub(crate) log: EgressLog,
    pub(crate) host: Option<HostEnvironment>,
}

/// The tier under attack: `builtin`, unless the suite runs again for another one.
pub(crate) fn tier() -> Tier {
    std::env::var("SQUAD_TEST_TIER").map_or(Tier::Builtin, |name| name.parse().unwrap())
}

/// Whether commands run in containers.
pub(crate) fn contained() -> bool {
    matches!(tier(), Tier::Docker | Tier::Gvisor)
}

pub(crate) fn sandbox() -> Arc<dyn Sandbox> {
    sandbox_with(Wanted::default())
}

pub(crate) fn config() -> SandboxConfig {
    SandboxConfig { launcher: launcher(), ..SandboxConfig::default() }
}

pub(crate) fn sandbox_with(wanted: Wanted) -> Arc<dyn Sandbox> {
    let config = SandboxConfig { egress: wanted.egress, egress_log: wanted.log, ..config() };
    let container = match tier() {
        Tier::Docker => ContainerSandbox::docker(&config),
        Tier::Gvisor => ContainerSandbox::gvisor(&config),
        _ => {
            let builtin = builtin().with_egress(config.egress, config.egress_log);
            return match wanted.host {
                Some(host) => Arc::new(builtin.with_host_environment(&host)),
                None => Arc::new(builtin),
            };
        }
    };
    match wanted.host {
        Some(host) => Arc::new(container.with_host_environment(&host)),
        None => Arc::new(container),
    }
}

pub(crate) fn builtin() -> BuiltinSandbox {
    let sandbox = BuiltinSandbox::new(launcher());
    match std::env::var_os("SQUAD_TEST_BWRAP") {
        Some(program) => sandbox.through_bwrap(program),
        None => sandbox,
    }
}

pub(crate) async fn room() -> Room {
    room_with(|_| {}).await
}

pub(crate) async fn room_with(change: impl FnOnce(&mut WorkspaceSpec)) -> Room {
    room_in(&*sandbox(), change).await
}

pub(crate) async fn room_in(sandbox: &dyn Sandbox, change: impl FnOnce(&mut WorkspaceSpec)) -> Room {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path().join("workspace");
    std::fs::create_dir(&root).unwrap();
    let mut spec = WorkspaceSpec::new("test", root);
    spec.cache_dir = Some(folder.path().join("cache"));
    // An attack that holds must end this way or another.
    spec.limits.wall = std::time::Duration::from_secs(60);
    change(&mut spec);
    let session = sandbox.prepare(spec).await.unwrap();
    Room { session, folder }
}

impl Room {
    pub(crate) fn workspace(&self) -> PathBuf {
        self.folder.path().join("workspace")
    }

    pub(crate) async fn run(&self, command: &str) -> ExecResult {
        self.session.exec(Command::new(command), ExecOptions::default()).await.unwrap()
    }

    /// The output of a command that must succeed.
    pub(crate) async fn ok(&self, command: &str) -> String {
        let result = self.run(command).await;
        assert_eq!(result.status, ExitStatus::Exited(0), "{command}: {}", result.output.text);
        result.output.text
    }

    /// A command that must not succeed; gives what it said.
    pub(crate) async fn refused(&self, command: &str) -> String {
        let result = self.run(command).await;
        assert!(!result.status.success(), "{command} succeeded: {}", result.output.text);
        result.output.text
    }
}

/// Host processes with the marker in their command line.
pub(crate) fn alive(marker: &str) -> Vec<PathBuf> {
    let needle = format!("600.{marker}");
    let entries = std::fs::read_dir("/proc").unwrap().flatten();
    entries
        .map(|entry| entry.path())
        .filter(|process| {
            let line = std::fs::read(process.join("cmdline")).unwrap_or_default();
            line.split(|byte| *byte == 0).any(|word| word == needle.as_bytes())
        })
        .collect()
}
