//! The engine: where executions are started, spoken to, driven and read.

use crate::clock::{Clock, SystemClock};
use crate::driver::{DriveEnd, DriveOptions, Driver, LEASE};
use crate::feed::{Feed, LiveText};
use crate::input::Input;
use crate::perform::Surroundings;
use crate::workspaces::Workspaces;
use crate::{EngineError, workspaces};
use squad_agents::Prompts;
use squad_domain::execution::{Event, ExecutionSpec, ExecutionState, Status};
use squad_domain::ids::ExecutionId;
use squad_domain::member::Member;
use squad_domain::message::Actor;
use squad_llm::{Environment, Router};
use squad_sandbox::Sandbox;
use squad_storage::{AppendError, Claim, ClaimOutcome, Guard, Storage};
use squad_workspace::files::PathPolicy;
use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::sync::{Notify, broadcast};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

/// Events read at once.
const PAGE: u64 = 1000;
/// How often an idle worker looks for work that another process left.
const IDLE: Duration = Duration::from_millis(250);
/// Times that an input is tried again because the log moved underneath it.
const INPUT_TRIES: u32 = 50;

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
        }
    }
}

/// What drivers share.
pub(crate) struct Shared {
    pub(crate) data_dir: PathBuf,
    pub(crate) storage: Storage,
    pub(crate) sandbox: Arc<dyn Sandbox>,
    environment: Arc<dyn Environment>,
    prompts: Arc<Prompts>,
    pub(crate) worker: String,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) feed: Feed,
    pub(crate) wakes: Wakes,
    news: broadcast::Sender<ExecutionId>,
}

/// One bell per execution, rung when this process appends to it.
#[derive(Default)]
pub(crate) struct Wakes(Mutex<HashMap<ExecutionId, Arc<Notify>>>);

impl Wakes {
    pub(crate) fn of(&self, id: ExecutionId) -> Arc<Notify> {
        let mut bells = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        bells.retain(|known, bell| *known == id || Arc::strong_count(bell) > 1);
        Arc::clone(bells.entry(id).or_default())
    }
}

impl Shared {
    /// Something was appended: whoever watches or drives looks again.
    pub(crate) fn appended(&self, id: ExecutionId) {
        // Nobody watching is the usual case.
        let _ = self.news.send(id);
    }

    pub(crate) async fn load(&self, id: ExecutionId) -> Result<(ExecutionState, Vec<Event>), EngineError> {
        let mut events = Vec::new();
        loop {
            let after = events.last().map_or(0, |event: &Event| event.seq);
            let page = self.storage.events(id, after, PAGE).await?;
            let full = page.len() as u64 == PAGE;
            events.extend(page);
            if !full {
                break;
            }
        }
        if events.is_empty() {
            return Err(EngineError::NotFound(id));
        }
        let state = ExecutionState::fold(&events).map_err(|source| EngineError::BrokenLog { id, source })?;
        Ok((state, events))
    }
}

/// Starts, drives and reads executions. Cheap to clone.
#[derive(Clone)]
pub struct Engine(Arc<Shared>);

impl Engine {
    /// An engine on an open database and a proven sandbox.
    #[must_use]
    pub fn new(config: EngineConfig) -> Self {
        Self(Arc::new(Shared {
            data_dir: config.data_dir,
            storage: config.storage,
            sandbox: config.sandbox,
            environment: config.environment,
            prompts: Arc::new(config.prompts),
            worker: config.worker,
            clock: config.clock,
            feed: Feed::new(),
            wakes: Wakes::default(),
            news: broadcast::channel(1024).0,
        }))
    }

    /// The database.
    #[must_use]
    pub fn storage(&self) -> &Storage {
        &self.0.storage
    }

    /// The clock.
    #[must_use]
    pub fn clock(&self) -> &dyn Clock {
        &*self.0.clock
    }

    /// Asks for an execution. Nothing happens until a worker takes it up.
    ///
    /// # Errors
    /// Where the squad cannot work, the models cannot be used, or the database is away.
    pub async fn start(&self, spec: ExecutionSpec, person: &str) -> Result<ExecutionId, EngineError> {
        spec.squad.check()?;
        spec.squad.members.iter().try_for_each(|member| self.check(member))?;
        self.router(&spec)?;
        let id = ExecutionId(self.0.clock.new_id());
        let actor = Actor::Person(person.to_owned());
        self.0.storage.create_execution(id, &spec, actor, self.0.clock.now()).await?;
        Ok(id)
    }

    /// What only the rooms below can tell of a member: whether its paths can be read, and its specialization is known.
    fn check(&self, member: &Member) -> Result<(), EngineError> {
        let problem = |problem: String| EngineError::Member { name: member.name.clone(), problem };
        let policy = PathPolicy { allow: member.allowed_paths.clone(), ..PathPolicy::default() };
        policy.validate().map_err(|error| problem(error.to_string()))?;
        match &member.specialization {
            Some(unknown) if !self.0.prompts.specializations(member.role).contains(unknown) => {
                let known = self.0.prompts.specializations(member.role).join(", ");
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
        for _ in 0..INPUT_TRIES {
            let (state, _) = self.0.load(id).await?;
            let events = input.events(&state, id, person)?;
            if events.is_empty() {
                return Ok(state);
            }
            let guard = Guard { expected_seq: state.seq, fence: None };
            match self.0.storage.append(id, guard, self.0.clock.now(), events).await {
                Ok(_) => {
                    self.0.appended(id);
                    self.0.wakes.of(id).notify_one();
                    let (state, _) = self.0.load(id).await?;
                    return Ok(state);
                }
                // The driver was faster; what the person wants is judged again by where it stands now.
                Err(AppendError::SeqConflict { .. } | AppendError::Closed) => {}
                Err(AppendError::Storage(error)) => return Err(error.into()),
                Err(AppendError::FenceLost | AppendError::BudgetExceeded { .. }) => break,
            }
        }
        Err(EngineError::LeaseLost(id))
    }

    /// Drives one execution in this process until it ends, waits, is paused or is asked to stop.
    ///
    /// # Errors
    /// Where another worker has it, the database is away, or the log cannot be read.
    pub async fn drive(&self, id: ExecutionId, options: &DriveOptions) -> Result<DriveEnd, EngineError> {
        match self.claim(id, options).await? {
            Some(claim) => match self.driver(id, claim.clone()).await {
                Ok(driver) => driver.run(options).await,
                Err(error) => {
                    // Whoever mends what is wrong and tries again need not wait for the lease to run out.
                    self.0.storage.release(&claim, None).await?;
                    Err(error)
                }
            },
            None if options.stop.is_cancelled() => Ok(DriveEnd::Stopped),
            None => {
                let status = self.0.load(id).await?.0.status;
                if status == Status::Completed {
                    // Nothing is left of them unless the worker died right after the last event.
                    self.remove_files(id).await?;
                }
                Ok(DriveEnd::Ended(status))
            }
        }
    }

    /// The lease of one execution; `None` where it has ended, or where waiting was stopped.
    ///
    /// A holder that lives renews its lease within a few seconds. One that does not is dead: its lease is
    /// waited for, so that resuming right after a crash just works.
    async fn claim(&self, id: ExecutionId, options: &DriveOptions) -> Result<Option<Claim>, EngineError> {
        let shared = &self.0;
        let mut first_seen = None;
        loop {
            match shared.storage.claim_one(id, &shared.worker, shared.clock.now(), LEASE).await? {
                ClaimOutcome::Claimed(claim) => return Ok(Some(claim)),
                ClaimOutcome::HeldBy { worker, until } => {
                    if *first_seen.get_or_insert(until) != until {
                        return Err(EngineError::Held { id, worker });
                    }
                    tokio::select! {
                        () = options.stop.cancelled() => return Ok(None),
                        () = tokio::time::sleep(IDLE) => {}
                    }
                }
                ClaimOutcome::Terminal => return Ok(None),
                ClaimOutcome::NotFound => return Err(EngineError::NotFound(id)),
            }
        }
    }

    /// Drives whatever is runnable, up to `parallel` executions at once, until asked to stop.
    ///
    /// # Errors
    /// Only where the database refuses for good; an execution that fails to be driven does not stop the others.
    pub async fn work(&self, parallel: usize, stop: CancellationToken) -> Result<(), EngineError> {
        let mut running: JoinSet<()> = JoinSet::new();
        let mut appended = self.0.news.subscribe();
        while !stop.is_cancelled() {
            while running.try_join_next().is_some() {}
            let claimed = if running.len() < parallel.max(1) {
                self.0.storage.claim(&self.0.worker, self.0.clock.now(), LEASE).await.unwrap_or_else(
                    |error| {
                        tracing::warn!(%error, "no execution could be claimed; trying again");
                        None
                    },
                )
            } else {
                None
            };
            if let Some(claim) = claimed {
                let engine = self.clone();
                let options = DriveOptions { stop: stop.clone(), stay: false };
                running.spawn(async move {
                    let id = claim.execution;
                    let driven = match engine.driver(id, claim).await {
                        Ok(driver) => driver.run(&options).await,
                        Err(error) => Err(error),
                    };
                    if let Err(error) = driven {
                        tracing::error!(execution = %id, %error, "the execution could not be driven");
                    }
                });
                continue;
            }
            tokio::select! {
                () = stop.cancelled() => {}
                Some(_) = running.join_next(), if !running.is_empty() => {}
                _ = appended.recv() => {}
                () = tokio::time::sleep(IDLE) => {}
            }
        }
        while running.join_next().await.is_some() {}
        Ok(())
    }

    /// The execution as it stands, and all of its events.
    ///
    /// # Errors
    /// Where there is none, or its log cannot be read.
    pub async fn load(&self, id: ExecutionId) -> Result<(ExecutionState, Vec<Event>), EngineError> {
        self.0.load(id).await
    }

    /// The events after `seq`, waiting for more until there are some. Sees what other processes append, too.
    ///
    /// # Errors
    /// Where the database is away.
    pub async fn events_after(&self, id: ExecutionId, seq: u64) -> Result<Vec<Event>, EngineError> {
        let mut appended = self.0.news.subscribe();
        loop {
            let events = self.0.storage.events(id, seq, PAGE).await?;
            if !events.is_empty() {
                return Ok(events);
            }
            tokio::select! {
                _ = appended.recv() => {}
                () = tokio::time::sleep(IDLE) => {}
            }
        }
    }

    /// What members are saying and commands are printing right now, in this process.
    #[must_use]
    pub fn live_text(&self) -> broadcast::Receiver<LiveText> {
        self.0.feed.subscribe()
    }

    /// Deletes the private clone and the worktrees of an execution that has ended.
    ///
    /// # Errors
    /// Where a file cannot be deleted.
    pub async fn remove_files(&self, id: ExecutionId) -> Result<(), EngineError> {
        let folder = workspaces::folder(&self.0.data_dir, id);
        squad_workspace::Repository::remove_at(&folder).await.map_err(|error| EngineError::Io {
            action: format!("remove `{}`", folder.display()),
            source: std::io::Error::other(error),
        })
    }

    async fn driver(&self, id: ExecutionId, claim: Claim) -> Result<Driver, EngineError> {
        let shared = &self.0;
        let (state, _) = shared.load(id).await?;
        let around = Surroundings {
            execution: id,
            storage: shared.storage.clone(),
            workspaces: Arc::new(Workspaces::new(
                id,
                &shared.data_dir,
                &state.spec,
                Arc::clone(&shared.sandbox),
            )),
            router: Arc::new(self.router(&state.spec)?),
            prompts: Arc::clone(&shared.prompts),
            clock: Arc::clone(&shared.clock),
            feed: shared.feed.clone(),
            cancel: CancellationToken::new(),
        };
        Ok(Driver::new(Arc::clone(shared), id, claim, state, around))
    }

    fn environment(&self) -> impl Environment + 'static {
        let environment = Arc::clone(&self.0.environment);
        move |name: &str| environment.var(name)
    }

    fn router(&self, spec: &ExecutionSpec) -> Result<Router, EngineError> {
        Router::new(&spec.models, self.environment()).map_err(|error| EngineError::Models(error.to_string()))
    }
}
