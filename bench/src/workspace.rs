//! How soon a worktree is ready, and what a checkpoint after one edit takes, in repositories of several sizes.

use crate::stats::{Times, say};
use squad_testkit::FixtureRepo;
use squad_workspace::{Owner, Repository, Source};
use std::time::Instant;

/// Files of the repositories.
const SIZES: &[usize] = &[50, 5_000, 50_000];

/// Measures and prints what it finds.
///
/// # Errors
/// Where something does not run.
pub async fn measure(runs: usize) -> anyhow::Result<()> {
    let owner = squad_sandbox::workspace_owner().map(|(uid, gid)| Owner { uid, gid });
    for files in SIZES {
        let fixture = repository(*files);
        let source: Source = fixture.path().display().to_string().parse()?;
        let mut times = [(); 5].map(|()| Times::default());
        for run in 0..runs {
            let folder = tempfile::tempdir()?;
            let begin = Instant::now();
            let import = Repository::import(&source, &folder.path().join("clone")).await?;
            times[0].add(begin.elapsed());
            let repository = import.repository;
            let tree = repository.tree_of(&import.base).await?;
            for (at, name) in [(1, "first"), (2, "second")] {
                let begin = Instant::now();
                repository.ensure_worktree(&format!("{name}{run}"), &import.base, &tree, owner).await?;
                times[at].add(begin.elapsed());
            }
            let workspace =
                repository.ensure_worktree(&format!("first{run}"), &import.base, &tree, owner).await?;
            workspace.checkpoint().await?;
            std::fs::write(workspace.path().join("d0/f0.txt"), format!("changed {run}\n"))?;
            let begin = Instant::now();
            workspace.checkpoint().await?;
            times[3].add(begin.elapsed());
            let begin = Instant::now();
            workspace.checkpoint().await?;
            times[4].add(begin.elapsed());
        }
        for (what, times) in [
            "import",
            "first worktree",
            "second worktree",
            "checkpoint after one edit",
            "checkpoint after none",
        ]
        .iter()
        .zip(&times)
        {
            say(&format!("{files} files: {what}: {}", times.told()));
        }
    }
    Ok(())
}

/// Small text files, a hundred in a folder.
fn repository(files: usize) -> FixtureRepo {
    let fixture = FixtureRepo::new();
    let fixture = (0..files).fold(fixture, |fixture, n| {
        fixture
            .file(&format!("d{}/f{n}.txt", n / 100), &format!("file {n}\n{}", "a line of text\n".repeat(20)))
    });
    fixture.commit("Many files")
}
