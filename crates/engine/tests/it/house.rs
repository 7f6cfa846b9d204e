//! A house to run executions in: an engine on a test database, a repository, and a scripted model.

use squad_domain::execution::spec::ExecutionLimits;
use squad_domain::execution::{Event, EventBody, ExecutionSpec, ExecutionState};
use squad_domain::ids::ExecutionId;
use squad_domain::member::Member;
use squad_domain::model::{ModelSettings, Price, ProviderEndpoint, RoutingProfile};
use squad_domain::role::Role;
use squad_domain::squad::{ApprovalPolicy, Squad};
use squad_domain::task::Task;
use squad_engine::{DriveEnd, DriveOptions, Engine, EngineConfig, EngineError};
use squad_sandbox::{BuiltinSandbox, Sandbox};
use squad_scripted::{Handle, Scenario, ScriptedModel};
use squad_storage::Storage;
use squad_testkit::{FixtureRepo, VirtualClock};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use tempfile::TempDir;

pub(crate) const FIVE: &[(&str, Role)] = &[
    ("Pia", Role::ProjectManager),
    ("Tom", Role::TechLead),
    ("Bea", Role::BackendDeveloper),
    ("Fay", Role::FrontendDeveloper),
    ("Quinn", Role::QaTester),
];

pub(crate) const SOLO: &[(&str, Role)] = &[("Sam", Role::BackendDeveloper)];

/// Time in the test's hand. Ids stay the machine's own: tests that run side by side share databases and control groups.
pub(crate) struct TestClock(pub(crate) VirtualClock, squad_engine::SystemClock);

impl TestClock {
    pub(crate) fn new(time: &VirtualClock) -> Self {
        Self(time.clone(), squad_engine::SystemClock::default())
    }
}

impl squad_engine::Clock for TestClock {
    fn now(&self) -> squad_domain::Timestamp {
        self.0.now()
    }

    fn new_id(&self) -> uuid::Uuid {
        self.1.new_id()
    }
}

/// An engine with everything around it. Dropping it removes all of it.
pub(crate) struct House {
    pub(crate) storage: Storage,
    pub(crate) model: Handle,
    pub(crate) folder: TempDir,
    repository: Option<FixtureRepo>,
}

impl House {
    pub(crate) async fn new(storage: &Storage, scenario: Scenario) -> Self {
        let model =
            ScriptedModel::start(scenario.without_delays(), "127.0.0.1:0".parse().unwrap()).await.unwrap();
        Self { storage: storage.clone(), model, folder: tempfile::tempdir().unwrap(), repository: None }
    }

    /// A house whose members play these scenes; the first that fits answers.
    pub(crate) async fn playing(storage: &Storage, scenes: &[&str], repository: FixtureRepo) -> Self {
        let scenario = Scenario::parse(&scenes.join("\n")).unwrap();
        Self { repository: Some(repository), ..Self::new(storage, scenario).await }
    }

    /// A house whose model takes its time as the scenario says.
    pub(crate) async fn patient(storage: &Storage, scenario: Scenario, repository: FixtureRepo) -> Self {
        let model = ScriptedModel::start(scenario, "127.0.0.1:0".parse().unwrap()).await.unwrap();
        let folder = tempfile::tempdir().unwrap();
        Self { storage: storage.clone(), model, folder, repository: Some(repository) }
    }

    /// A worker of its own, as another process would have it.
    pub(crate) fn engine(&self, worker: &str) -> Engine {
        Engine::new(self.config(worker, Arc::new(BuiltinSandbox::new(launcher()))))
    }

    pub(crate) fn config(&self, worker: &str, sandbox: Arc<dyn Sandbox>) -> EngineConfig {
        EngineConfig::new(self.data(), self.storage.clone(), sandbox, worker.to_owned())
    }

    pub(crate) fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    pub(crate) fn repository(&self) -> PathBuf {
        match &self.repository {
            Some(fixture) => fixture.path().to_owned(),
            None => self.folder.path().join("repository"),
        }
    }

    /// The spec of a task on a project that is tested by `sh test.sh`.
    pub(crate) fn small(&self, members: &[(&str, Role)]) -> ExecutionSpec {
        ExecutionSpec { test_command: Some("sh test.sh".into()), ..self.spec(members, "Greet properly") }
    }

    /// The demo's sample project, as the user's repository.
    pub(crate) fn with_sample(self) -> Self {
        squad_scripted::write_sample(&self.repository()).unwrap();
        self
    }

    pub(crate) fn spec(&self, members: &[(&str, Role)], task: &str) -> ExecutionSpec {
        let model = "scripted/demo".parse().unwrap();
        let endpoint = ProviderEndpoint { base_url: Some(self.model.base_url.clone()), api_key_env: None };
        let id = "019a8f00-0000-7000-8000-000000000001";
        let usd = |text: &str| text.parse().unwrap();
        let price = Price { input: usd("3"), output: usd("15"), cached_input: None, cache_write: None };
        ExecutionSpec {
            org: id.parse().unwrap(),
            task: Task::from_text(task),
            repository: self.repository().display().to_string(),
            squad: Squad {
                id: id.parse().unwrap(),
                name: "Test".into(),
                members: members.iter().map(|(name, role)| Member::new(name, *role)).collect(),
            },
            models: ModelSettings {
                profile: RoutingProfile::single("scripted/demo".parse().unwrap()),
                providers: [("scripted".to_owned(), endpoint)].into(),
                prices: [(model, price)].into(),
            },
            approval: ApprovalPolicy::Never,
            budget: None,
            test_command: None,
            setup_command: None,
            setup_hosts: Vec::new(),
            mcp: std::collections::BTreeMap::new(),
            branch: None,
            sandbox: "builtin".into(),
            limits: ExecutionLimits::default(),
        }
    }

    /// Starts and drives in one go.
    pub(crate) async fn run(&self, spec: ExecutionSpec) -> Run {
        let engine = self.engine("worker-1");
        let id = engine.start(spec, "ada").await.unwrap();
        let end = engine.drive(id, &DriveOptions::default()).await;
        Run::of(&engine, id, end).await
    }

    pub(crate) fn git(&self, arguments: &[&str]) -> String {
        git(&self.repository(), arguments)
    }
}

/// An execution after it was driven.
pub(crate) struct Run {
    pub(crate) id: ExecutionId,
    pub(crate) end: Result<DriveEnd, EngineError>,
    pub(crate) state: ExecutionState,
    pub(crate) events: Vec<Event>,
}

impl Run {
    pub(crate) async fn of(engine: &Engine, id: ExecutionId, end: Result<DriveEnd, EngineError>) -> Self {
        let (state, events) = engine.load(id).await.unwrap();
        Self { id, end, state, events }
    }

    /// The last events, for a failed assertion.
    pub(crate) fn story(&self) -> String {
        let cut = |event: &Event| {
            let text =
                format!("{:>4} {} {}", event.seq, event.actor, serde_json::to_string(&event.body).unwrap());
            text.chars().take(700).collect::<String>()
        };
        let tail = self.events.iter().rev().take(40).rev().map(cut).collect::<Vec<_>>().join("\n");
        format!("{:?}, {}: {}\n{tail}", self.end, self.state.status, self.state.reason)
    }

    pub(crate) fn count(&self, kind: impl Fn(&EventBody) -> bool) -> usize {
        self.events.iter().filter(|event| kind(&event.body)).count()
    }
}

/// The sandbox's launcher, built beside the tests.
pub(crate) fn launcher() -> PathBuf {
    let test = std::env::current_exe().unwrap();
    let folder = test.parent().and_then(Path::parent).unwrap();
    let launcher = folder.join("squad-sandbox-launcher");
    assert!(
        launcher.exists(),
        "`{}` is missing; build it with `cargo build --workspace --bins`",
        launcher.display()
    );
    launcher
}

pub(crate) fn git(folder: &Path, arguments: &[&str]) -> String {
    let output = std::process::Command::new("git").arg("-C").arg(folder).args(arguments).output().unwrap();
    assert!(output.status.success(), "git {arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}
