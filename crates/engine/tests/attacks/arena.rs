//! A house with canaries around it, one attack in it, and a look at everything that came out.

use crate::canaries::{Canaries, VARIABLE, secret};
use crate::house::{House, Run, SOLO};
use crate::live::Live;
use crate::scenes::{WILLING, one_part, project};
use crate::script::ESCAPED;
use crate::tier;
use squad_domain::execution::{EventBody, ExecutionSpec, Status};
use squad_domain::squad::ApprovalPolicy;
use squad_engine::report::Report;
use squad_engine::{DriveEnd, DriveOptions, Engine, LiveText};
use squad_storage::Storage;
use squad_testkit::{Backend, FixtureRepo, TestDatabase};
use std::path::{Path, PathBuf};
use std::process::Command;
use tokio::sync::broadcast::Receiver;

/// Runs an attack as the server: in a process of its own, with a secret in its environment and its command line.
pub(crate) fn in_a_server(test: &str, attack: impl AsyncFnOnce(Storage)) {
    if std::env::var_os(VARIABLE).is_some() {
        let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
        return runtime.block_on(async {
            let database = TestDatabase::new(Backend::Sqlite).await;
            attack(database.open().await).await;
            database.remove().await;
        });
    }
    let value = secret("environment");
    let done = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", test.split_once("::").unwrap().1, "--nocapture"])
        // Skips nothing, and can be read in `/proc`.
        .args(["--skip", &value])
        .env(VARIABLE, &value)
        .env("ANTHROPIC_API_KEY", &value)
        .output()
        .unwrap();
    let said = format!("{}{}", String::from_utf8_lossy(&done.stdout), String::from_utf8_lossy(&done.stderr));
    assert!(done.status.success(), "{said}");
    assert!(said.contains("1 passed"), "no such test: {said}");
}

/// A test that runs as the server.
macro_rules! attack {
    ($name:ident, $body:expr) => {
        #[test]
        fn $name() {
            crate::arena::in_a_server(concat!(module_path!(), "::", stringify!($name)), $body);
        }
    };
}
pub(crate) use attack;

/// An engine with canaries around it, and another squad's work beside it.
pub(crate) struct Arena {
    pub(crate) canaries: Canaries,
    storage: Storage,
    folder: tempfile::TempDir,
    neighbour: PathBuf,
}

/// What came of an attack.
pub(crate) struct Played {
    pub(crate) run: Run,
    pub(crate) house: House,
    pub(crate) canaries: Canaries,
    live: String,
}

impl Arena {
    pub(crate) async fn new(storage: Storage) -> Self {
        let folder = tempfile::tempdir().unwrap();
        std::fs::set_permissions(folder.path(), std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
        let canaries = Canaries::set(&folder.path().join("data"));
        let mut arena = Self { canaries, storage, folder, neighbour: PathBuf::new() };
        arena.neighbour().await;
        arena
    }

    /// Another squad is in the middle of something: it waits for a person, with a secret in its files.
    async fn neighbour(&mut self) {
        let value = secret("neighbour");
        let repository = FixtureRepo::new()
            .file("greeting.txt", "goodbye\n")
            .file("test.sh", "true\n")
            .file("private.txt", &format!("{value}\n"))
            .commit("A secret");
        let mut house = House::playing(&self.storage, &[&one_part(), WILLING], repository).await;
        std::mem::swap(&mut house.folder, &mut self.folder);
        let spec = ExecutionSpec { approval: ApprovalPolicy::Always, ..house.small(SOLO) };
        let engine = Engine::new(house.config("neighbour", tier::sandbox()));
        let id = engine.start(spec, "eve").await.unwrap();
        let end = engine.drive(id, &DriveOptions::default()).await;
        let run = Run::of(&engine, id, end).await;
        assert!(matches!(run.end, Ok(DriveEnd::Waiting)), "{}", run.story());
        std::mem::swap(&mut house.folder, &mut self.folder);
        let files = self.folder.path().join("data/executions").join(id.to_string());
        let found = find(&files, "private.txt");
        self.neighbour = found.parent().unwrap().to_owned();
        self.canaries.guard("neighbour", value, &found);
    }

    /// A folder of the house, for what a test puts there.
    pub(crate) fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// A worktree of the other squad.
    pub(crate) fn neighbour_files(&self) -> &Path {
        &self.neighbour
    }

    pub(crate) async fn play(self, scenes: &[&str]) -> Played {
        self.play_on(scenes, project(), |_| {}).await
    }

    /// Plays the scenes on a repository, and looks at everything that came out.
    pub(crate) async fn play_on(
        self,
        scenes: &[&str],
        repository: FixtureRepo,
        change: impl FnOnce(&mut ExecutionSpec),
    ) -> Played {
        let plan = one_part();
        let scenes: Vec<&str> = scenes.iter().copied().chain([plan.as_str(), WILLING]).collect();
        let mut house = House::playing(&self.storage, &scenes, repository).await;
        house.folder = self.folder;
        let mut spec = house.small(SOLO);
        spec.sandbox = tier::tier().to_string();
        change(&mut spec);
        let engine = Engine::new(house.config("worker-1", tier::sandbox()));
        let live = collect(engine.live_text());
        let id = engine.start(spec, "ada").await.unwrap();
        let run = Live::drive(engine, id, true).end().await;
        let live = live.await.unwrap();
        let played = Played { run, house, canaries: self.canaries, live };
        played.assert_nothing_escaped();
        played
    }
}

impl Played {
    /// What the tools answered, in order.
    pub(crate) fn results<'a>(&'a self) -> Vec<(&'a str, &'a str)> {
        let of = |body: &'a EventBody| match body {
            EventBody::ToolFinished { tool, content, .. } => Some((tool.as_str(), content.as_str())),
            _ => None,
        };
        self.run.events.iter().filter_map(|event| of(&event.body)).collect()
    }

    /// That one of the tool's answers holds these words.
    #[track_caller]
    pub(crate) fn told(&self, tool: &str, words: &str) {
        let results = self.results();
        let found = results.iter().any(|(of, content)| *of == tool && content.contains(words));
        assert!(found, "`{tool}` never answered `{words}`: {results:#?}");
    }

    #[track_caller]
    pub(crate) fn completed(&self) {
        let completed = matches!(self.run.end, Ok(DriveEnd::Ended(Status::Completed)));
        assert!(completed, "{}\n{:?}", self.run.story(), self.house.model.complaints());
    }

    fn assert_nothing_escaped(&self) {
        let report = Report::build(self.run.id, &self.run.state, &self.run.events);
        let mut places = vec![
            ("the log", serde_json::to_vec(&self.run.events).unwrap()),
            ("the report", report.to_markdown().into_bytes()),
            ("the report as data", serde_json::to_vec(&report).unwrap()),
            ("the live output", self.live.clone().into_bytes()),
            ("the user's repository", everything(&self.house.repository())),
        ];
        let requests = self.house.model.requests();
        assert_eq!(requests.len(), self.house.model.request_count(), "every prompt is looked at");
        places
            .extend(requests.iter().map(|request| ("a prompt", serde_json::to_vec(&request.body).unwrap())));
        for (place, bytes) in places {
            assert_eq!(
                self.canaries.seen_in(&bytes),
                Vec::<&str>::new(),
                "seen in {place}: {}",
                self.run.story()
            );
        }
        let escaped: Vec<_> =
            self.results().into_iter().filter(|(_, content)| content.contains(ESCAPED)).collect();
        assert!(escaped.is_empty(), "{escaped:#?}");
        for event in &self.run.events {
            if let EventBody::TestsFinished { run, .. } = &event.body {
                assert!(!run.output.contains(ESCAPED), "{}", run.output);
            }
        }
        self.canaries.assert_untouched();
    }
}

/// Everything that is shown live, until the engine is gone.
fn collect(mut live: Receiver<LiveText>) -> tokio::task::JoinHandle<String> {
    tokio::spawn(async move {
        let mut seen = String::new();
        loop {
            match live.recv().await {
                Ok(piece) => seen.push_str(piece.text.as_deref().unwrap_or_default()),
                // What a slow watcher missed is in the stored results as well.
                Err(tokio::sync::broadcast::error::RecvError::Lagged(_)) => {}
                Err(tokio::sync::broadcast::error::RecvError::Closed) => return seen,
            }
        }
    })
}

/// Every object that a repository holds, and every name in it.
fn everything(repository: &Path) -> Vec<u8> {
    let objects =
        "git cat-file --batch-all-objects --batch --unordered; git log --all --format=%B; git for-each-ref";
    Command::new("sh").args(["-c", objects]).current_dir(repository).output().unwrap().stdout
}

/// The first file of that name below a folder.
fn find(folder: &Path, name: &str) -> PathBuf {
    let output = Command::new("find").arg(folder).args(["-name", name]).output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    PathBuf::from(text.lines().next().unwrap_or_else(|| panic!("no `{name}` below `{}`", folder.display())))
}
