//! Everything that an engine reaches outside of its log, apart from the database: models, files, commands.
//!
//! [`Machine`] is the one that runs. The simulation (`crate::sim`) has one without files, processes or providers.

use crate::EngineError;
use crate::clock::Clock;
use crate::feed::Feed;
use crate::perform::{self, Call, Outcome, Surroundings, ToolRun};
use crate::store::Store;
use crate::workspaces::{self, Workspaces};
use async_trait::async_trait;
use squad_agents::Prompts;
use squad_agents::mcp::Servers;
use squad_domain::execution::decide::LanePlan;
use squad_domain::execution::{ExecutionSpec, ExecutionState};
use squad_domain::ids::{CommitId, ExecutionId, SubtaskId};
use squad_domain::model::ModelSettings;
use squad_domain::tests_run::TestStage;
use squad_llm::{Environment, Router};
use squad_sandbox::Sandbox;
use std::path::PathBuf;
use std::sync::Arc;
use tokio_util::sync::CancellationToken;

/// Where drivers get what they reach out with.
#[async_trait]
pub(crate) trait Outside: Send + Sync {
    /// The way to the models of one execution.
    fn router(&self, models: &ModelSettings) -> Result<Router, EngineError>;

    /// Whether commands are kept apart here as well as the execution asks for.
    fn admits(&self, _id: ExecutionId, _spec: &ExecutionSpec) -> Result<(), EngineError> {
        Ok(())
    }

    /// Who performs the steps of one driver.
    fn hands(&self, task: Task<'_>) -> Arc<dyn Hands>;

    /// Deletes the private clone and the worktrees of an execution.
    async fn remove_files(&self, id: ExecutionId) -> Result<(), EngineError>;
}

/// What one driver works on, and with what.
pub(crate) struct Task<'a> {
    pub(crate) execution: ExecutionId,
    pub(crate) spec: &'a ExecutionSpec,
    pub(crate) prompts: Arc<Prompts>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) feed: Feed,
    pub(crate) cancel: CancellationToken,
}

/// The way to the models.
#[derive(Clone)]
pub(crate) struct Models {
    pub(crate) execution: ExecutionId,
    pub(crate) router: Arc<Router>,
    pub(crate) feed: Feed,
    /// Ends whatever is under way: the execution was cancelled, or this worker stops.
    pub(crate) cancel: CancellationToken,
}

/// What happens a few times in an execution, not in every turn.
#[derive(Debug, Clone)]
pub(crate) enum Rare {
    Prepare,
    Tests { stage: TestStage, commit: CommitId },
    OpenLane(LanePlan),
    Merge(SubtaskId),
    Deliver,
}

/// Performs steps.
#[async_trait]
pub(crate) trait Hands: Send + Sync {
    /// Asks the models.
    async fn call(&self, models: Models, call: Call) -> Outcome {
        perform::call(models, call).await
    }

    /// Performs a tool call that reads, changes files or runs a command.
    async fn tool(&self, run: ToolRun) -> Outcome;

    /// Performs what no turn is.
    async fn rare(&self, state: &ExecutionState, rare: Rare) -> Outcome;

    /// Ends what is held open between steps.
    async fn close(&self);
}

#[async_trait]
impl Hands for Surroundings {
    async fn tool(&self, run: ToolRun) -> Outcome {
        perform::run_tool(self.clone(), run).await
    }

    async fn rare(&self, state: &ExecutionState, rare: Rare) -> Outcome {
        let around = self.clone();
        match rare {
            Rare::Prepare => perform::prepare(around, state).await,
            Rare::Tests { stage, commit } => perform::run_tests(around, state, stage, commit).await,
            Rare::OpenLane(plan) => perform::open_lane(around, state, &plan).await,
            Rare::Merge(subtask) => perform::merge(around, state, &subtask).await,
            Rare::Deliver => perform::deliver(around, state).await,
        }
    }

    async fn close(&self) {
        self.mcp.close().await;
        self.workspaces.close().await;
    }
}

/// This machine: its disk, its sandbox, its network.
pub(crate) struct Machine {
    pub(crate) data_dir: PathBuf,
    pub(crate) sandbox: Arc<dyn Sandbox>,
    pub(crate) environment: Arc<dyn Environment>,
    pub(crate) store: Arc<dyn Store>,
}

#[async_trait]
impl Outside for Machine {
    fn router(&self, models: &ModelSettings) -> Result<Router, EngineError> {
        let environment = Arc::clone(&self.environment);
        Router::new(models, move |name: &str| environment.var(name))
            .map_err(|error| EngineError::Models(error.to_string()))
    }

    fn admits(&self, id: ExecutionId, spec: &ExecutionSpec) -> Result<(), EngineError> {
        let here = self.sandbox.tier();
        // What cannot be read asks for something that this build does not know.
        if spec.sandbox.parse().is_ok_and(|asked| here.satisfies(asked)) {
            return Ok(());
        }
        Err(EngineError::WeakerSandbox { id, asked: spec.sandbox.clone(), here: here.to_string() })
    }

    fn hands(&self, task: Task<'_>) -> Arc<dyn Hands> {
        let sandbox = Arc::clone(&self.sandbox);
        let cancel = task.cancel.clone();
        Arc::new(Surroundings {
            execution: task.execution,
            store: Arc::clone(&self.store),
            workspaces: Arc::new(Workspaces::new(task.execution, &self.data_dir, task.spec, sandbox, cancel)),
            mcp: Arc::new(Servers::new(&task.spec.mcp, Arc::clone(&self.environment))),
            prompts: task.prompts,
            clock: task.clock,
            feed: task.feed,
            cancel: task.cancel,
        })
    }

    async fn remove_files(&self, id: ExecutionId) -> Result<(), EngineError> {
        let folder = workspaces::folder(&self.data_dir, id);
        squad_workspace::Repository::remove_at(&folder).await.map_err(|error| EngineError::Io {
            action: format!("remove `{}`", folder.display()),
            source: std::io::Error::other(error),
        })
    }
}
