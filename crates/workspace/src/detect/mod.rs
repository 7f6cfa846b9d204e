//! Finding a project's test and setup commands when nobody names them. Nothing is run here, only looked at: what is
//! found is shown to people, can be changed, and runs in the sandbox.

mod elixir;
mod go;
mod hosts;
mod jvm;
mod make;
mod node;
mod php;
mod project;
mod python;
mod ruby;
mod rust;
mod verdict;

use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::error::Result;
use crate::files::Root;
use crate::repository::blocking;
use project::Project;
pub use verdict::Verdict;

/// Folders directly below the root that are looked into when the root itself has no tests.
const SUBPROJECT_LIMIT: usize = 20;

/// The kind of project that a command belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Ecosystem {
    /// `package.json`.
    Node,
    /// `Cargo.toml`.
    Rust,
    /// `pyproject.toml`, `setup.py`, pytest's files, or folders of tests.
    Python,
    /// `go.mod`.
    Go,
    /// `Makefile` or `justfile`.
    Make,
    /// Gradle and Maven.
    Jvm,
    /// `composer.json`.
    Php,
    /// `mix.exs`.
    Elixir,
    /// `Gemfile`, `Rakefile`, `.rspec`.
    Ruby,
}

/// A command that may run the project's tests.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TestCommand {
    /// A shell command, to be run in the repository's root.
    pub command: String,
    /// Which file says so, to show to people.
    pub reason: String,
    /// What kind of project it is.
    pub ecosystem: Ecosystem,
}

/// A command that fetches what the tests need, once per base commit, with network to the named hosts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SetupCommand {
    /// A shell command, to be run in the repository's root.
    pub command: String,
    /// Which file says so, to show to people.
    pub reason: String,
    /// What kind of project it is.
    pub ecosystem: Ecosystem,
    /// Hosts that the repository itself names for it (lock files, git sources), beside the usual index.
    pub hosts: Vec<String>,
}

/// What was found, the likeliest first. Try the tests in order until one is [`Verdict::Ran`].
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Detection {
    /// Candidates for the test command.
    pub tests: Vec<TestCommand>,
    /// Commands that prepare for them; all of them may be needed.
    pub setups: Vec<SetupCommand>,
}

impl TestCommand {
    /// Whether the command ran the project's tests, whatever their result, or cannot do so here. The output may be
    /// the end of standard output and standard error together.
    pub fn verdict(&self, exit_code: i32, output: &str) -> Verdict {
        verdict::of(self.ecosystem, exit_code, output)
    }
}

/// Looks at a checkout. When its root has no tests, the folders directly below are looked into as projects of their own.
///
/// # Errors
/// When the folder cannot be opened.
pub async fn detect(folder: &Path) -> Result<Detection> {
    let folder = folder.to_owned();
    blocking(move || {
        let root = Root::open(&folder, None, None)?;
        let mut detection = detect_in(&Project::new(&root, ""));
        if detection.tests.is_empty() {
            let folders = Project::new(&root, "").folders("");
            for name in folders.iter().filter(|name| !name.starts_with('.')).take(SUBPROJECT_LIMIT) {
                let inner = detect_in(&Project::new(&root, name));
                detection.tests.extend(inner.tests);
                detection.setups.extend(inner.setups);
            }
        }
        Ok(detection)
    })
    .await
}

fn detect_in(project: &Project<'_>) -> Detection {
    let mut found = Detection::default();
    for look in [
        node::detect,
        rust::detect,
        python::detect,
        go::detect,
        make::detect,
        jvm::detect,
        php::detect,
        elixir::detect,
        ruby::detect,
    ] {
        look(project, &mut found);
    }
    found
}

#[cfg(test)]
mod tests;
