//! How fast the binary starts, and how much it takes.

use crate::model::Model;
use crate::stats::{Times, resident, say};
use crate::turns::notes;
use anyhow::Context as _;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

/// How long the first request is waited for.
const PATIENCE: Duration = Duration::from_secs(60);

/// Measures the binary and prints what it finds.
///
/// # Errors
/// Where something does not run.
pub async fn measure(runs: usize, squad: &Path) -> anyhow::Result<()> {
    let squad = squad.canonicalize().context("build it with `make build` first")?;
    say(&format!("size of the binary: {} MiB", std::fs::metadata(&squad)?.len() / (1 << 20)));
    let (mut help, mut nothing, mut first, mut again) =
        (Times::default(), Times::default(), Times::default(), Times::default());
    for _ in 0..runs {
        help.add(until_exit(Command::new(&squad).arg("--help"))?);
        nothing.add(until_exit(&mut Command::new("true"))?);
        // The first run of a data folder makes the database and attacks the sandbox; later ones find both.
        let data = tempfile::tempdir()?;
        first.add(first_request(&squad, data.path()).await?);
        again.add(first_request(&squad, data.path()).await?);
    }
    say(&format!("`squad --help`: {}; `true`: {}", help.told(), nothing.told()));
    say(&format!(
        "`squad run` to the first request: new data folder {}; known one {}",
        first.told(),
        again.told()
    ));
    say(&format!("`squad worker` at rest: {} MiB resident", at_rest(&squad).await?));
    Ok(())
}

fn until_exit(command: &mut Command) -> anyhow::Result<Duration> {
    let begin = Instant::now();
    let status = command.stdout(Stdio::null()).status()?;
    anyhow::ensure!(status.success(), "{command:?} failed");
    Ok(begin.elapsed())
}

async fn first_request(squad: &Path, data: &Path) -> anyhow::Result<Duration> {
    let model = Model::start(0).await?;
    let repository = notes(20);
    let begin = Instant::now();
    let mut child = Command::new(squad)
        .args([
            "run",
            "--json",
            "--approve",
            "never",
            "--task",
            "Read the notes",
            "--test-command",
            "sh test.sh",
        ])
        .args(["--model", "openai-compatible/instant", "--price", "0/0", "--base-url", &model.base_url])
        .arg("--repo")
        .arg(repository.path())
        .arg("--data-dir")
        .arg(data)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()?;
    let asked = loop {
        if let Some(asked) = model.first() {
            break asked;
        }
        anyhow::ensure!(begin.elapsed() < PATIENCE && child.try_wait()?.is_none(), "no request came");
        tokio::time::sleep(Duration::from_micros(200)).await;
    };
    child.kill()?;
    child.wait()?;
    Ok(asked - begin)
}

async fn at_rest(squad: &Path) -> anyhow::Result<u64> {
    let data = tempfile::tempdir()?;
    let mut child = Command::new(squad)
        .args(["worker", "--data-dir"])
        .arg(data.path())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()?;
    tokio::time::sleep(Duration::from_secs(3)).await;
    let memory = resident(child.id());
    child.kill()?;
    child.wait()?;
    Ok(memory)
}
