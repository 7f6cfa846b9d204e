//! What a whole run takes of memory and time on a repository of 100,000 files, and on one with a file of 2 GB.

use crate::model::Model;
use crate::stats::{ms, say};
use anyhow::Context as _;
use squad_testkit::FixtureRepo;
use std::io::Write as _;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// Files of the one repository.
const FILES: usize = 100_000;
/// Bytes of the large file of the other.
const LARGE: u64 = 2_000_000_000;
/// Turns of work: each reads a file.
const TURNS: usize = 10;
/// How often memory is looked at. What git takes at most can lie between two looks; the program's own is the kernel's figure.
const LOOK: Duration = Duration::from_millis(10);

/// Measures the binary and prints what it finds.
///
/// # Errors
/// Where something does not run, or a run is not completed.
pub async fn measure(squad: &Path) -> anyhow::Result<()> {
    let squad = squad.canonicalize().context("build it with `make build` first")?;
    for (what, repository) in [
        ("a small repository", small()),
        ("100,000 files", many()),
        ("a file of 2 GB, compressible", large(false)?),
        ("a file of 2 GB, random", large(true)?),
    ] {
        let peak = run(&squad, repository.path()).await.with_context(|| what.to_owned())?;
        say(&format!(
            "{what}: completed in {}; at most {} MiB resident in squad, {} MiB in one git",
            ms(peak.took),
            peak.squad / 1024,
            peak.git / 1024
        ));
    }
    Ok(())
}

/// At most resident, in KiB.
struct Peak {
    squad: u64,
    git: u64,
    took: Duration,
}

async fn run(squad: &Path, repository: &Path) -> anyhow::Result<Peak> {
    let model = Model::start(TURNS).await?;
    let data = tempfile::tempdir()?;
    let begin = Instant::now();
    let mut child = Command::new(squad)
        .args(["run", "--json", "--approve", "never", "--squad", "solo", "--task", "Read the notes"])
        .args(["--test-command", "sh test.sh", "--model", "openai-compatible/instant", "--price", "0/0"])
        .args(["--base-url", &model.base_url])
        .arg("--repo")
        .arg(repository)
        .arg("--data-dir")
        .arg(data.path())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()?;
    let mut peak = Peak { squad: 0, git: 0, took: Duration::ZERO };
    let status = loop {
        if let Some(status) = child.try_wait()? {
            break status;
        }
        look(&child, &mut peak);
        tokio::time::sleep(LOOK).await;
    };
    peak.took = begin.elapsed();
    anyhow::ensure!(status.success(), "the run ended with {status}");
    Ok(peak)
}

fn look(child: &Child, peak: &mut Peak) {
    peak.squad = peak.squad.max(high_water(child.id()).unwrap_or_default());
    let threads = std::fs::read_dir(format!("/proc/{}/task", child.id())).into_iter().flatten().flatten();
    for thread in threads {
        let children = std::fs::read_to_string(thread.path().join("children")).unwrap_or_default();
        for process in children.split_whitespace().filter_map(|child| child.parse().ok()) {
            let name = std::fs::read_to_string(format!("/proc/{process}/comm")).unwrap_or_default();
            if name.trim() == "git" {
                peak.git = peak.git.max(high_water(process).unwrap_or_default());
            }
        }
    }
}

fn high_water(process: u32) -> Option<u64> {
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    line.split_whitespace().next()?.parse().ok()
}

fn notes() -> FixtureRepo {
    FixtureRepo::new().file("notes.txt", &"a note\n".repeat(TURNS + 2)).file("test.sh", "exit 0\n")
}

fn small() -> FixtureRepo {
    notes().commit("Notes")
}

fn many() -> FixtureRepo {
    let fixture = (0..FILES)
        .fold(notes(), |fixture, n| fixture.file(&format!("d{}/f{n}.txt", n / 100), &format!("file {n}\n")));
    fixture.commit("Many files")
}

fn large(random: bool) -> anyhow::Result<FixtureRepo> {
    const CHUNK: usize = 1 << 20;
    let fixture = notes();
    let mut file = std::fs::File::create(fixture.path().join("large.bin"))?;
    // Xorshift (Marsaglia, 2003): nothing that compresses.
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    let mut chunk = vec![b'a'; CHUNK];
    for _ in 0..LARGE / CHUNK as u64 {
        if random {
            for word in chunk.chunks_exact_mut(8) {
                state ^= state << 13;
                state ^= state >> 7;
                state ^= state << 17;
                word.copy_from_slice(&state.to_le_bytes());
            }
        }
        file.write_all(&chunk)?;
    }
    Ok(fixture.commit("A large file"))
}
