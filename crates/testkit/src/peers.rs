//! Programs of others that tests talk to. `scripts/setup.sh test` installs them into `target/peers`.

use std::path::{Path, PathBuf};
use std::process::Command;

/// The program of that name in `target/peers/node_modules/.bin`.
///
/// # Panics
/// Where it is not installed, with what to do.
#[must_use]
pub fn peer(name: &str) -> PathBuf {
    let program =
        Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target/peers/node_modules/.bin").join(name);
    assert!(program.exists(), "`{name}` is not installed; run `scripts/setup.sh test`");
    program
}

/// A Python program of that name in `target/peers/python`.
///
/// # Panics
/// Where it is not installed, with what to do.
#[must_use]
pub fn python_peer(name: &str) -> Command {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target/peers/python");
    let program = folder.join("bin").join(name);
    assert!(program.exists(), "`{name}` is not installed; run `scripts/setup.sh test`");
    let mut command = Command::new(program);
    command.env("PYTHONPATH", folder);
    command
}

/// The command of an MCP server that misbehaves on demand and writes every call to `journal`.
#[must_use]
pub fn tracker(journal: &Path) -> Vec<String> {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("peers/tracker.mjs");
    ["node".to_owned(), script.display().to_string(), journal.display().to_string()].into()
}
