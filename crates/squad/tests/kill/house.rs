//! A repository, a scripted model, a database, a data folder, and the program.

use crate::scenes;
use squad_domain::execution::{Event, ExecutionState};
use squad_domain::ids::ExecutionId;
use squad_scripted::{Handle, Scenario, ScriptedModel};
use squad_storage::{ExecutionRow, Storage};
use squad_testkit::{Backend, FixtureRepo, TestDatabase};
use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;
use tempfile::TempDir;
use tokio::runtime::Runtime;

/// How often something that is waited for is looked at.
pub(crate) const LOOK: Duration = Duration::from_millis(10);

/// How long a lease lasts here.
pub(crate) const LEASE: Duration = Duration::from_secs(2);

pub(crate) struct House {
    folder: TempDir,
    data: PathBuf,
    pub(crate) repository: FixtureRepo,
    pub(crate) runtime: Runtime,
    pub(crate) model: Handle,
    database: Option<TestDatabase>,
    pub(crate) url: String,
    pub(crate) storage: Storage,
}

impl House {
    /// With the members of [`scenes`], who do a little of everything.
    pub(crate) fn new(backend: Backend) -> Self {
        let runtime = Runtime::new().unwrap();
        let database = runtime.block_on(TestDatabase::new(backend));
        let url = database.url().to_owned();
        Self { database: Some(database), ..Self::at(runtime, url) }
    }

    /// On a database that somebody else made.
    pub(crate) fn at(runtime: Runtime, url: String) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let data = folder.path().join("data");
        Self::within(folder, runtime, url, data)
    }

    /// With the data folder somewhere else, too.
    pub(crate) fn with_data(runtime: Runtime, url: String, data: PathBuf) -> Self {
        Self::within(tempfile::tempdir().unwrap(), runtime, url, data)
    }

    fn within(folder: TempDir, runtime: Runtime, url: String, data: PathBuf) -> Self {
        let scenario = Scenario::parse(&scenes::scenario()).unwrap();
        let free = "127.0.0.1:0".parse().unwrap();
        let model = runtime.block_on(ScriptedModel::start(scenario, free)).unwrap();
        let storage = runtime.block_on(async {
            let storage = Storage::connect(&url).await.unwrap();
            storage.migrate().await.unwrap();
            storage
        });
        for name in ["temporary", "config"] {
            std::fs::create_dir(folder.path().join(name)).unwrap();
        }
        std::fs::write(folder.path().join("three.toml"), scenes::SQUAD).unwrap();
        Self { folder, data, repository: scenes::project(), runtime, model, database: None, url, storage }
    }

    pub(crate) fn path(&self) -> &Path {
        self.folder.path()
    }

    pub(crate) fn data(&self) -> PathBuf {
        self.data.clone()
    }

    /// Where everything that is meant to be gone in the end would be.
    pub(crate) fn temporary(&self) -> PathBuf {
        self.path().join("temporary")
    }

    /// The program, with nothing of the surroundings that could change what it does, and a short lease. What it prints
    /// goes to files in the house, so that no pipe can hold it up.
    pub(crate) fn squad(&self, args: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_squad"));
        command.current_dir(self.path()).env_clear().args(args);
        for name in ["PATH", "HOME", "LANG"] {
            command.envs(std::env::var_os(name).map(|value| (name, value)));
        }
        command.env("SQUAD_DATA_DIR", self.data()).env("SQUAD_DATABASE_URL", &self.url);
        command.env("XDG_CONFIG_HOME", self.path().join("config")).env("TMPDIR", self.temporary());
        command
            .env("SQUAD_LEASE_SECONDS", LEASE.as_secs().to_string())
            .env("USER", "ada")
            .env("SQUAD_LOG", "warn");
        command.stdin(Stdio::null()).stdout(self.printed("out")).stderr(self.printed("err"));
        command
    }

    fn printed(&self, name: &str) -> File {
        File::options().create(true).append(true).open(self.path().join(name)).unwrap()
    }

    /// What the programs printed so far, for the message of a test that fails.
    pub(crate) fn said(&self) -> String {
        std::fs::read_to_string(self.path().join("err")).unwrap_or_default()
    }

    /// `squad run` on the project, with more flags.
    pub(crate) fn run(&self, more: &[&str]) -> Command {
        let more: Vec<&str> = ["--json"].iter().chain(more).copied().collect();
        self.task(&more)
    }

    /// The same, for a person at a terminal.
    pub(crate) fn run_for_people(&self) -> Command {
        self.task(&[])
    }

    fn task(&self, more: &[&str]) -> Command {
        let repository = self.repository.path().to_string_lossy().into_owned();
        let squad = self.path().join("three.toml").to_string_lossy().into_owned();
        let mut args = vec!["run", "--repo", &repository, "--task", "Greet properly", "--squad", &squad];
        args.extend(["--model", "scripted/demo", "--base-url", &self.model.base_url, "--price", "1/5"]);
        args.extend(["--budget", "2", "--test-command", scenes::TEST_COMMAND, "--approve", "never"]);
        args.extend(more);
        self.squad(&args)
    }

    /// Starts the execution without driving it.
    pub(crate) fn detached(&self) -> ExecutionId {
        let status = self.run(&["--detach"]).status().unwrap();
        assert!(status.success(), "{}", self.said());
        self.row().unwrap().id
    }

    /// The one execution of this house.
    pub(crate) fn row(&self) -> Option<ExecutionRow> {
        self.runtime.block_on(self.storage.executions(1, Default::default())).unwrap().pop()
    }

    /// Cheaper than the row, for those who look often.
    pub(crate) fn last_seq(&self, id: ExecutionId) -> u64 {
        self.runtime.block_on(self.storage.last_seq(id)).unwrap().unwrap_or(0)
    }

    pub(crate) fn log(&self, id: ExecutionId) -> (ExecutionState, Vec<Event>) {
        let events = self.runtime.block_on(self.storage.events(id, 0, 100_000)).unwrap();
        (ExecutionState::fold(&events).unwrap(), events)
    }

    /// Waits until `seen` says so; ends the test where the process ends first.
    pub(crate) fn until<T>(&self, child: &mut Child, mut seen: impl FnMut(&Self) -> Option<T>) -> T {
        loop {
            if let Some(found) = seen(self) {
                return found;
            }
            if let Some(status) = child.try_wait().unwrap() {
                panic!("it ended ({status}) too early: {}", self.said());
            }
            std::thread::sleep(LOOK);
        }
    }

    /// Removes the database; the rest goes with the house.
    pub(crate) fn leave(mut self) {
        if let Some(database) = self.database.take() {
            self.runtime.block_on(async {
                self.storage.clone().close().await;
                database.remove().await;
            });
        }
    }
}
