//! A look at a repository before anybody works in it. Nothing in it is run.

use crate::{Engine, EngineError};
use squad_workspace::detect::{Detection, Ecosystem, detect};
use squad_workspace::{Repository, Source};
use std::path::Path;
use std::time::Duration;
use tokio::sync::Semaphore;

/// How long a look may take: most of it is the clone.
const TIME: Duration = Duration::from_mins(2);
/// How many repositories one process looks at at once: each is a whole clone.
static LOOKS: Semaphore = Semaphore::const_new(2);

/// What a repository is found to be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Inspection {
    /// The branch that work would start from; `None`: a commit without one.
    pub branch: Option<String>,
    /// The commit that was looked at.
    pub commit: String,
    /// Commands that may run the tests, the likeliest first. A squad tries them in this order.
    pub tests: Vec<SuggestedCommand>,
    /// Commands that may be needed first. A squad runs none of them unless it is told to.
    pub setups: Vec<SuggestedCommand>,
    /// What a person should know, in full sentences.
    pub notes: Vec<String>,
}

/// A command that a repository's own files suggest.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SuggestedCommand {
    /// For the shell, in the repository's root.
    pub command: String,
    /// Which file says so.
    pub reason: String,
    /// What it is written in, or built with: `rust`, `node`, `make`.
    pub ecosystem: &'static str,
    /// Hosts that the repository names for it.
    pub hosts: Vec<String>,
}

impl SuggestedCommand {
    /// What a command may be for.
    pub const ECOSYSTEMS: &[&str] = &["node", "rust", "python", "go", "make", "jvm", "php", "elixir", "ruby"];
}

const fn slug(ecosystem: Ecosystem) -> &'static str {
    match ecosystem {
        Ecosystem::Node => "node",
        Ecosystem::Rust => "rust",
        Ecosystem::Python => "python",
        Ecosystem::Go => "go",
        Ecosystem::Make => "make",
        Ecosystem::Jvm => "jvm",
        Ecosystem::Php => "php",
        Ecosystem::Elixir => "elixir",
        Ecosystem::Ruby => "ruby",
    }
}

#[expect(clippy::needless_pass_by_value, reason = "the shape that `map_err` asks for")]
fn refused(error: squad_workspace::Error) -> EngineError {
    EngineError::Repository(error.to_string())
}

impl Engine {
    /// Looks at a repository: clones it into a folder of its own, which is gone afterwards.
    ///
    /// # Errors
    /// Where it cannot be read, or takes too long.
    pub async fn inspect(&self, repository: &str) -> Result<Inspection, EngineError> {
        let source = repository.parse::<Source>().map_err(refused)?;
        let _turn = LOOKS.acquire().await.expect("the semaphore is never closed");
        // Nobody else reads it, and it goes with the last of this call, however that ends.
        let folder = tempfile::Builder::new().prefix("squad-look-").tempdir();
        let folder = folder
            .map_err(|source| EngineError::Io { action: "make a temporary folder".to_owned(), source })?;
        match tokio::time::timeout(TIME, look(&source, folder.path())).await {
            Ok(seen) => seen.map_err(refused),
            Err(_) => Err(EngineError::Repository(format!(
                "cloning the repository took longer than {} seconds; set its commands by hand",
                TIME.as_secs()
            ))),
        }
    }
}

async fn look(source: &Source, folder: &Path) -> squad_workspace::Result<Inspection> {
    let import = Repository::import(source, folder).await?;
    let tree = import.repository.tree_of(&import.base).await?;
    let workspace = import.repository.ensure_worktree("look", &import.base, &tree, None).await?;
    let Detection { tests, setups } = detect(&workspace.path()).await?;
    Ok(Inspection {
        branch: import.branch,
        commit: import.base.to_string(),
        tests: tests
            .into_iter()
            .map(|found| SuggestedCommand {
                command: found.command,
                reason: found.reason,
                ecosystem: slug(found.ecosystem),
                hosts: Vec::new(),
            })
            .collect(),
        setups: setups
            .into_iter()
            .map(|found| SuggestedCommand {
                command: found.command,
                reason: found.reason,
                ecosystem: slug(found.ecosystem),
                hosts: found.hosts,
            })
            .collect(),
        notes: import.notes,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_of_project_has_its_word() {
        use Ecosystem::{Elixir, Go, Jvm, Make, Node, Php, Python, Ruby, Rust};
        let words: Vec<_> = [Node, Rust, Python, Go, Make, Jvm, Php, Elixir, Ruby].map(slug).into();
        assert_eq!(words, SuggestedCommand::ECOSYSTEMS);
    }
}
