//! How soon a worktree is ready, with and without a spare that waits, and what a checkpoint takes, in repositories of
//! several sizes.

use crate::stats::{Times, say};
use squad_testkit::FixtureRepo;
use squad_workspace::{CommitId, CommitRequest, Import, Owner, Repository, Source};
use std::path::Path;
use std::time::{Duration, Instant};

/// Files of the repositories. 250 is where a spare begins to be worth its disk (`crates/workspace/src/workspace/spare.rs`).
const SIZES: &[usize] = &[50, 250, 5_000, 50_000];
/// Files that differ between the base and the commit after it.
const CHANGED: usize = 10;

const ROWS: [&str; 8] = [
    "import",
    "worktree ready, no spare",
    "spare made",
    "worktree ready, spare waiting",
    "worktree ready, spare waiting, ten files differ",
    "nothing to do",
    "checkpoint after one edit",
    "checkpoint after none",
];

/// Measures and prints what it finds.
///
/// # Errors
/// Where something does not run.
pub async fn measure(runs: usize) -> anyhow::Result<()> {
    let owner = squad_sandbox::workspace_owner().map(|(uid, gid)| Owner { uid, gid });
    for files in SIZES {
        let fixture = repository(*files);
        let source: Source = fixture.path().display().to_string().parse()?;
        let mut times = ROWS.map(|_| Times::default());
        for _ in 0..runs {
            let folder = tempfile::tempdir()?;
            let took = one(&source, &folder.path().join("clone"), owner).await?;
            for (times, took) in times.iter_mut().zip(took) {
                if let Some(took) = took {
                    times.add(took);
                }
            }
        }
        let measured = ROWS.iter().zip(&times).filter(|(_, times)| !times.is_empty());
        for (row, times) in measured {
            say(&format!("{files} files: {row}: {}", times.told()));
        }
    }
    file_creation()
}

/// In the order of the rows; nothing where a row does not apply.
async fn one(
    source: &Source,
    clone: &Path,
    owner: Option<Owner>,
) -> anyhow::Result<[Option<Duration>; ROWS.len()]> {
    let mut times = [None; ROWS.len()];
    let begin = Instant::now();
    let import = Repository::import(source, clone).await?;
    times[0] = Some(begin.elapsed());
    let repository = &import.repository;
    let base = repository.tree_of(&import.base).await?;
    // As in an execution, where the tree's contents are known from the first worktree on.
    repository.ensure_worktree("base", &import.base, &base, owner).await?;
    let begin = Instant::now();
    let work = repository.ensure_worktree("work", &import.base, &base, owner).await?;
    times[1] = Some(begin.elapsed());

    let next = next_commit(&import).await?;
    let next_tree = repository.tree_of(&next).await?;
    for (row, commit, tree) in [(3, &import.base, &base), (4, &next, &next_tree)] {
        let begin = Instant::now();
        repository.prepare_spare(&import.base, owner).await?;
        if !repository.has_spare() {
            continue;
        }
        times[2] = Some(begin.elapsed());
        let begin = Instant::now();
        repository.ensure_worktree(&format!("taken{row}"), commit, tree, owner).await?;
        times[row] = Some(begin.elapsed());
    }

    let begin = Instant::now();
    repository.ensure_worktree("work", &import.base, &base, owner).await?;
    times[5] = Some(begin.elapsed());
    work.checkpoint().await?;
    std::fs::write(work.path().join("d0/f0.txt"), "changed\n")?;
    for row in [6, 7] {
        let begin = Instant::now();
        work.checkpoint().await?;
        times[row] = Some(begin.elapsed());
    }
    Ok(times)
}

/// A commit as a merge leaves it: a few files differ from the base.
async fn next_commit(import: &Import) -> anyhow::Result<CommitId> {
    let repository = &import.repository;
    let scratch = repository.add_worktree("scratch", &import.base, None).await?;
    for file in 0..CHANGED {
        std::fs::write(scratch.path().join(format!("d0/f{file}.txt")), "merged\n")?;
    }
    let tree = scratch.checkpoint().await?.tree;
    repository.remove_worktree("scratch").await?;
    let request = CommitRequest {
        tree,
        parents: vec![import.base.clone()],
        message: "next".to_owned(),
        author: "bench".to_owned(),
        unix_seconds: 0,
    };
    Ok(repository.commit(&request).await?)
}

/// What everything above rests on: the disk.
fn file_creation() -> anyhow::Result<()> {
    const FILES: u32 = 2_000;
    let folder = tempfile::tempdir()?;
    let begin = Instant::now();
    for file in 0..FILES {
        std::fs::write(folder.path().join(file.to_string()), "a line of text\n".repeat(20))?;
    }
    say(&format!("creating a file: {:?}", begin.elapsed() / FILES));
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
