//! The engine: where executions are started, spoken to, driven and read.

use crate::EngineError;
use crate::clock::{Clock, SystemClock};
use crate::drive::IDLE;
use crate::driver::{DriveEnd, DriveOptions, LEASE};
use crate::feed::{Feed, LiveText};
use crate::input::Input;
use crate::outside::Machine;
use crate::shared::{PAGE, Shared, Wakes};
use crate::store::Store;
use squad_agents::Prompts;
use squad_domain::execution::{Event, ExecutionSpec, ExecutionState};
use squad_domain::ids::ExecutionId;
use squad_domain::member::Member;
use squad_domain::message::Actor;
use squad_llm::Environment;
use squad_sandbox::Sandbox;
use squad_storage::Storage;
use squad_workspace::files::PathPolicy;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::broadcast;
use tokio_util::sync::CancellationToken;

/// What an engine is made of.
pub struct EngineConfig {
    /// Where clones, worktrees and caches go.
    pub data_dir: PathBuf,
    /// The database, migrated.
    pub storage: Storage,
    /// Where commands run.
    pub sandbox: Arc<dyn Sandbox>,
    /// Where keys are looked up.
    pub environment: Arc<dyn Environment>,
    /// What members are told.
    pub prompts: Prompts,
    /// A name for this worker, unique among those of the database.
    pub worker: String,
    /// Time and ids.
    pub clock: Arc<dyn Clock>,
    /// How long a lease holds without being renewed: a dead worker is noticed within this time. It is renewed three
    /// times as often. Never zero.
    pub lease: Duration,
}

impl EngineConfig {
    /// An engine with the machine's clock and the shipped prompts.
    #[must_use]
    pub fn new(data_dir: PathBuf, storage: Storage, sandbox: Arc<dyn Sandbox>, worker: String) -> Self {
        Self {
            data_dir,
            storage,
            sandbox,
            environment: Arc::new(squad_llm::ProcessEnvironment),
            prompts: Prompts::embedded(),
            worker,
            clock: Arc::new(SystemClock::default()),
            lease: LEASE,
        }
    }
}

/// Starts, drives and reads executions. Cheap to clone.
#[derive(Clone)]
pub struct Engine {
    shared: Arc<Shared>,
    storage: Storage,
    data_dir: PathBuf,
}

impl Engine {
    /// An engine on an open database and a proven sandbox.
    #[must_use]
    pub fn new(config: EngineConfig) -> Self {
        let store: Arc<dyn Store> = Arc::new(config.storage.clone());
        let data_dir = config.data_dir;
        let machine = Machine {
            data_dir: data_dir.clone(),
            sandbox: config.sandbox,
            environment: config.environment,
            store: Arc::clone(&store),
        };
        let shared = Shared {
            store,
            outside: Arc::new(machine),
            prompts: Arc::new(config.prompts),
            worker: config.worker,
            clock: config.clock,
            lease: config.lease,
            feed: Feed::new(),
            wakes: Wakes::default(),
            news: broadcast::channel(1024).0,
        };
        Self { shared: Arc::new(shared), storage: config.storage, data_dir }
    }

    /// The database.
    #[must_use]
    pub fn storage(&self) -> &Storage {
        &self.storage
    }

    /// Where the private clone and the worktrees of an execution are, while there are any.
    pub(crate) fn folder(&self, id: ExecutionId) -> PathBuf {
        crate::workspaces::folder(&self.data_dir, id)
    }

    /// The name under which this engine claims leases.
    #[must_use]
    pub fn worker(&self) -> &str {
        &self.shared.worker
    }

    /// The clock.
    #[must_use]
    pub fn clock(&self) -> &dyn Clock {
        &*self.shared.clock
    }

    /// Asks for an execution. Nothing happens until a worker takes it up.
    ///
    /// # Errors
    /// Where the squad cannot work, the models cannot be used, or the database is away.
    pub async fn start(&self, spec: ExecutionSpec, person: &str) -> Result<ExecutionId, EngineError> {
        spec.squad.check()?;
        spec.squad.members.iter().try_for_each(|member| self.check(member))?;
        crate::check_prices(&spec.models, &spec.squad)?;
        self.shared.outside.router(&spec.models)?;
        let id = ExecutionId(self.shared.clock.new_id());
        let actor = Actor::Person(person.to_owned());
        self.storage.create_execution(id, &spec, actor, self.shared.clock.now()).await?;
        Ok(id)
    }

    /// What members are told.
    #[must_use]
    pub fn prompts(&self) -> &Prompts {
        &self.shared.prompts
    }

    /// What only the rooms below can tell of a member: whether its paths can be read, and its specialization is known.
    ///
    /// # Errors
    /// Says what does not fit.
    pub fn check(&self, member: &Member) -> Result<(), EngineError> {
        let problem = |problem: String| EngineError::Member { name: member.name.clone(), problem };
        let policy = PathPolicy { allow: member.allowed_paths.clone(), ..PathPolicy::default() };
        policy.validate().map_err(|error| problem(error.to_string()))?;
        match &member.specialization {
            Some(unknown) if !self.shared.prompts.specializations(member.role).contains(unknown) => {
                let known = self.shared.prompts.specializations(member.role).join(", ");
                Err(problem(format!(
                    "`{unknown}` is no specialization of a {}; there are: {known}",
                    member.role
                )))
            }
            _ => Ok(()),
        }
    }

    /// Hands a person's input to the execution.
    ///
    /// # Errors
    /// Where it does not fit where the execution stands, with what would.
    pub async fn input(
        &self,
        id: ExecutionId,
        person: &str,
        input: Input,
    ) -> Result<ExecutionState, EngineError> {
        self.shared.input(id, person, &input).await
    }

    /// Drives one execution in this process until it ends, waits, is paused or is asked to stop.
    ///
    /// # Errors
    /// Where another worker has it, the database is away, or the log cannot be read.
    pub async fn drive(&self, id: ExecutionId, options: &DriveOptions) -> Result<DriveEnd, EngineError> {
        self.shared.drive(id, options).await
    }

    /// Drives whatever is runnable, up to `parallel` executions at once, until asked to stop.
    ///
    /// # Errors
    /// Only where the database refuses for good; an execution that fails to be driven does not stop the others.
    pub async fn work(&self, parallel: usize, stop: CancellationToken) -> Result<(), EngineError> {
        self.shared.work(parallel, stop).await
    }

    /// The execution as it stands, and all of its events.
    ///
    /// # Errors
    /// Where there is none, or its log cannot be read.
    pub async fn load(&self, id: ExecutionId) -> Result<(ExecutionState, Vec<Event>), EngineError> {
        self.shared.load(id).await
    }

    /// The events after `seq`, waiting for more until there are some. Sees what other processes append, too.
    ///
    /// # Errors
    /// Where the database is away.
    pub async fn events_after(&self, id: ExecutionId, seq: u64) -> Result<Vec<Event>, EngineError> {
        let mut appended = self.shared.news.subscribe();
        loop {
            let events = self.shared.store.events(id, seq, PAGE).await?;
            if !events.is_empty() {
                return Ok(events);
            }
            tokio::select! {
                biased;
                _ = appended.recv() => {}
                () = tokio::time::sleep(IDLE) => {}
            }
        }
    }

    /// Which executions this process has just appended to.
    #[must_use]
    pub fn news(&self) -> broadcast::Receiver<ExecutionId> {
        self.shared.news.subscribe()
    }

    /// What members are saying and commands are printing right now, in this process.
    #[must_use]
    pub fn live_text(&self) -> broadcast::Receiver<LiveText> {
        self.shared.feed.subscribe()
    }

    /// Deletes the private clone and the worktrees of an execution that has ended.
    ///
    /// # Errors
    /// Where a file cannot be deleted.
    pub async fn remove_files(&self, id: ExecutionId) -> Result<(), EngineError> {
        self.shared.outside.remove_files(id).await
    }
}
