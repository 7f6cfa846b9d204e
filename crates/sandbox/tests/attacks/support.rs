//! A real session on a throw-away workspace.

use std::path::PathBuf;
use std::sync::Arc;

use squad_sandbox::{
    BuiltinSandbox, Command, ExecOptions, ExecResult, ExitStatus, Sandbox, Session, WorkspaceSpec,
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

pub(crate) fn sandbox() -> BuiltinSandbox {
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
    room_in(&sandbox(), change).await
}

pub(crate) async fn room_in(sandbox: &BuiltinSandbox, change: impl FnOnce(&mut WorkspaceSpec)) -> Room {
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
