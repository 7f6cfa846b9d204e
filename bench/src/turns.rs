//! What a turn costs: a model call and a tool call, all of it durable, with a model that answers at once.

use crate::model::Model;
use crate::stats::{Times, ms, ratio, say};
use anyhow::Context as _;
use sea_orm::{ConnectOptions, ConnectionTrait as _, Database};
use squad_domain::execution::spec::ExecutionLimits;
use squad_domain::execution::{Event, ExecutionSpec, Status};
use squad_domain::member::Member;
use squad_domain::model::{ModelRef, ModelSettings, Price, ProviderEndpoint, RoutingProfile};
use squad_domain::money::MicroUsd;
use squad_domain::role::Role;
use squad_domain::squad::{ApprovalPolicy, Squad};
use squad_domain::task::Task;
use squad_engine::{DriveEnd, DriveOptions, Engine, EngineConfig};
use squad_sandbox::BuiltinSandbox;
use squad_storage::Storage;
use squad_testkit::FixtureRepo;
use std::fmt::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Turns around the place that is looked at.
const AROUND: usize = 20;
/// Bare commits that are timed in each run.
const COMMITS: u32 = 300;

/// Measures in interleaved runs and prints what it finds.
///
/// # Errors
/// Where something does not run.
pub async fn measure(
    turns: usize,
    runs: usize,
    peer: Option<&Path>,
    peer_turns: usize,
) -> anyhow::Result<()> {
    let mut ours: Vec<Vec<Duration>> = Vec::new();
    let mut condensed: Vec<Vec<Duration>> = Vec::new();
    let mut peers: Vec<Vec<Duration>> = Vec::new();
    let mut commits = Times::default();
    let mut sizes = Vec::new();
    for run in 1..=runs {
        let folder = tempfile::tempdir()?;
        commits.add(bare_commit(folder.path()).await?);
        let Lane { gaps, size, .. } = lane(folder.path(), turns, GROWING).await?;
        let each = |gaps: &[Duration]| ms(gaps.iter().sum::<Duration>() / count(gaps));
        say(&format!("run {run}: squad, {turns} turns: {} each", each(&gaps)));
        sizes.push(size);
        ours.push(gaps);
        let in_use = tempfile::tempdir()?;
        let Lane { gaps, .. } = lane(in_use.path(), turns, in_daily_use()).await?;
        say(&format!("run {run}: squad, {turns} turns as in daily use: {} each", each(&gaps)));
        condensed.push(gaps);
        if let Some(python) = peer {
            let gaps = langgraph(python, folder.path(), peer_turns).await?;
            let each = gaps.iter().sum::<Duration>() / count(&gaps);
            say(&format!("run {run}: langgraph, {peer_turns} turns: {} each", ms(each)));
            peers.push(gaps);
        }
    }
    say(&format!("a bare commit (SQLite, WAL, synchronous=FULL, same disk): {}", commits.told()));
    table("squad", &ours, commits.median());
    table("squad, 2 kB read in each turn, condensed as usual", &condensed, commits.median());
    table("langgraph, SqliteSaver, durability=sync", &peers, commits.median());
    sizes.sort_unstable();
    say(&format!("database of squad after {turns} turns: {} KiB", sizes[sizes.len() / 2] / 1024));
    Ok(())
}

/// Turn costs early, in the middle and late: medians over the runs of the mean around each place.
fn table(who: &str, runs: &[Vec<Duration>], commit: Duration) {
    let Some(shortest) = runs.iter().map(Vec::len).min() else { return };
    let at = |place: usize| -> Times {
        let place = place.min(shortest);
        let range = place.saturating_sub(AROUND)..place;
        runs.iter()
            .map(|gaps| gaps[range.clone()].iter().sum::<Duration>() / count(&gaps[range.clone()]))
            .collect()
    };
    let early = at(50);
    for place in [50, 200, 400, 1000] {
        if place <= shortest + 1 {
            let times = at(place);
            say(&format!(
                "{who}: turn {place}: {}; {} times turn 50; {} bare commits",
                times.told(),
                ratio(times.median(), early.median()),
                ratio(times.median(), commit),
            ));
        }
    }
}

fn count(gaps: &[Duration]) -> u32 {
    u32::try_from(gaps.len()).unwrap_or(u32::MAX).max(1)
}

/// What one lane left.
pub struct Lane {
    /// From each request to the next.
    pub gaps: Vec<Duration>,
    /// Bytes of the database.
    pub size: u64,
    /// The log.
    pub events: Vec<Event>,
}

/// What a lane reads, and how long its conversation may get.
#[derive(Debug, Clone, Copy)]
pub struct Talk {
    /// Lines that each turn reads, of some 60 bytes.
    pub lines: usize,
    /// Bytes of conversation above which it is condensed.
    pub context_bytes: usize,
}

/// Little is read, and nothing is ever condensed: what grows is seen to grow.
pub const GROWING: Talk = Talk { lines: 2, context_bytes: usize::MAX / 4 };

/// As much is read as a screen holds, and conversations are condensed where they are by default.
#[must_use]
pub fn in_daily_use() -> Talk {
    Talk { lines: 40, context_bytes: ExecutionLimits::default().context_bytes }
}

/// One lane of that many turns.
///
/// # Errors
/// Where the execution does not complete.
pub async fn lane(folder: &Path, turns: usize, talk: Talk) -> anyhow::Result<Lane> {
    let model = Model::reading(turns, talk.lines).await?;
    let repository = notes(turns + talk.lines);
    let database = folder.join("squad.db");
    let storage = Storage::connect(&squad_storage::sqlite_url(&database)).await?;
    storage.migrate().await?;
    let engine = engine(folder, storage, "bench");
    let mut spec = spec(&model, repository.path(), "instant", turns);
    spec.limits.context_bytes = talk.context_bytes;
    let id = engine.start(spec, "bench").await?;
    let end = engine.drive(id, &DriveOptions::default()).await?;
    let (state, events) = engine.load(id).await?;
    anyhow::ensure!(
        end == DriveEnd::Ended(Status::Completed),
        "the execution did not complete: {end:?}, {}",
        state.reason
    );
    let size = ["", "-wal"].iter().filter_map(|end| {
        let file = format!("{}{end}", database.display());
        Some(std::fs::metadata(file).ok()?.len())
    });
    Ok(Lane { gaps: gaps(&model.asked("instant")), size: size.sum(), events })
}

fn gaps(asked: &[Instant]) -> Vec<Duration> {
    asked.windows(2).map(|two| two[1] - two[0]).collect()
}

/// A repository with a file of that many lines, whose tests pass.
#[must_use]
pub fn notes(lines: usize) -> FixtureRepo {
    let mut notes = String::new();
    for line in 1..=lines {
        let _ = writeln!(notes, "{line}: a note of an ordinary length, as one would write it");
    }
    FixtureRepo::new().file("notes.txt", &notes).file("test.sh", "exit 0\n").commit("Notes")
}

/// An engine on that database whose sandbox is the builtin one.
#[must_use]
pub fn engine(folder: &Path, storage: Storage, worker: &str) -> Engine {
    let launcher = std::env::current_exe().unwrap_or_default();
    let sandbox = Arc::new(BuiltinSandbox::new(launcher));
    Engine::new(EngineConfig::new(folder.join("data"), storage, sandbox, worker.to_owned()))
}

/// One developer, no review: nothing but turns.
#[must_use]
pub fn spec(model: &Model, repository: &Path, name: &str, turns: usize) -> ExecutionSpec {
    let id = "019a8f00-0000-7000-8000-000000000001";
    let reference: ModelRef =
        format!("openai-compatible/{name}").parse().unwrap_or_else(|_| unreachable!("a plain name"));
    let endpoint = ProviderEndpoint { base_url: Some(model.base_url.clone()), api_key_env: None };
    let free = Price { input: MicroUsd::ZERO, output: MicroUsd::ZERO, cached_input: None, cache_write: None };
    let lines = u32::try_from(turns).unwrap_or(u32::MAX - 100);
    let member = Member { max_turns: lines + 100, ..Member::new("Sam", Role::BackendDeveloper) };
    ExecutionSpec {
        org: id.parse().unwrap_or_else(|_| unreachable!("a constant id")),
        task: Task::from_text("Read the notes"),
        repository: repository.display().to_string(),
        squad: Squad {
            id: id.parse().unwrap_or_else(|_| unreachable!("a constant id")),
            name: "Bench".into(),
            members: vec![member],
        },
        models: ModelSettings {
            profile: RoutingProfile::single(reference.clone()),
            providers: [("openai-compatible".to_owned(), endpoint)].into(),
            prices: [(reference, free)].into(),
        },
        approval: ApprovalPolicy::Never,
        budget: None,
        test_command: Some("sh test.sh".into()),
        setup_command: None,
        setup_hosts: Vec::new(),
        mcp: Default::default(),
        branch: None,
        sandbox: "builtin".into(),
        limits: ExecutionLimits::default(),
    }
}

/// The mean of commits of one small row each, as durable as ours.
async fn bare_commit(folder: &Path) -> anyhow::Result<Duration> {
    let url = format!("sqlite://{}?mode=rwc", folder.join("bare.db").display());
    let mut options = ConnectOptions::new(url);
    options.max_connections(1).sqlx_logging(false);
    let database = Database::connect(options).await?;
    for statement in [
        "PRAGMA journal_mode=WAL",
        "PRAGMA synchronous=FULL",
        "CREATE TABLE bare (id INTEGER PRIMARY KEY, text TEXT)",
    ] {
        database.execute_unprepared(statement).await?;
    }
    let text = "x".repeat(1000);
    let begin = Instant::now();
    for _ in 0..COMMITS {
        database.execute_unprepared(&format!("INSERT INTO bare (text) VALUES ('{text}')")).await?;
    }
    let each = begin.elapsed() / COMMITS;
    database.close().await?;
    Ok(each)
}

/// The same number of turns of LangGraph, with its checkpoints in SQLite.
async fn langgraph(python: &Path, folder: &Path, turns: usize) -> anyhow::Result<Vec<Duration>> {
    let model = Model::start(turns).await?;
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("peers/langgraph_turns.py");
    let database = folder.join("langgraph.db");
    let mut command = Command::new(python);
    command.arg(script).args([&model.base_url, &turns.to_string()]).arg(&database).stdout(Stdio::null());
    let status =
        tokio::task::spawn_blocking(move || command.status()).await?.context("cannot start python")?;
    anyhow::ensure!(status.success(), "the peer failed: {status}");
    say(&format!("database of langgraph: {} KiB", std::fs::metadata(&database)?.len() / 1024));
    Ok(gaps(&model.asked("instant")))
}
