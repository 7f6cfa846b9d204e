//! An execution that is driven in the background while the test watches it and speaks to it.

use crate::house::{House, Run};
use squad_domain::execution::{Event, EventBody, ExecutionSpec, ExecutionState};
use squad_domain::ids::ExecutionId;
use squad_domain::question::{Answer, Question};
use squad_engine::{DriveEnd, DriveOptions, Engine, EngineError, Input};
use std::time::Duration;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

/// How long a test waits for what must happen before it gives up and tells the story so far.
const PATIENCE: Duration = Duration::from_secs(180);

pub(crate) struct Live {
    pub(crate) engine: Engine,
    pub(crate) id: ExecutionId,
    pub(crate) stop: CancellationToken,
    task: JoinHandle<Result<DriveEnd, EngineError>>,
}

impl Live {
    /// Starts it, and stays with it while it waits.
    pub(crate) async fn start(house: &House, spec: ExecutionSpec) -> Self {
        let engine = house.engine("worker-1");
        let id = engine.start(spec, "ada").await.unwrap();
        Self::drive(engine, id, true)
    }

    pub(crate) fn drive(engine: Engine, id: ExecutionId, stay: bool) -> Self {
        let stop = CancellationToken::new();
        let options = DriveOptions { stop: stop.clone(), stay };
        let driver = engine.clone();
        let task = tokio::spawn(async move { driver.drive(id, &options).await });
        Self { engine, id, stop, task }
    }

    /// Waits until the log shows it.
    pub(crate) async fn until(&self, shows: impl Fn(&ExecutionState, &[Event]) -> bool) -> ExecutionState {
        let watch = async {
            loop {
                let (state, events) = self.engine.load(self.id).await.unwrap();
                if shows(&state, &events) {
                    return state;
                }
                assert!(!state.status.is_terminal(), "it ended before: {}", self.story().await);
                self.engine.events_after(self.id, state.seq).await.unwrap();
            }
        };
        match tokio::time::timeout(PATIENCE, watch).await {
            Ok(state) => state,
            Err(_) => panic!("it did not come to it: {}", self.story().await),
        }
    }

    pub(crate) async fn until_event(&self, happens: impl Fn(&EventBody) -> bool) -> ExecutionState {
        self.until(|_, events| events.iter().any(|event| happens(&event.body))).await
    }

    /// Waits for an open question like that.
    pub(crate) async fn asked(&self, like: impl Fn(&Question) -> bool) -> Question {
        let state = self.until(|state, _| state.open_questions().any(&like)).await;
        state.open_questions().find(|question| like(question)).unwrap().clone()
    }

    pub(crate) async fn say(&self, input: Input) {
        self.engine.input(self.id, "ada", input).await.unwrap();
    }

    pub(crate) async fn answer(&self, question: &Question, answer: Answer) {
        self.say(Input::Answer { question: question.id.clone(), answer }).await;
    }

    /// Waits for the driver to end.
    pub(crate) async fn end(mut self) -> Run {
        let Ok(end) = tokio::time::timeout(PATIENCE, &mut self.task).await else {
            panic!("it did not end: {}", self.story().await)
        };
        Run::of(&self.engine, self.id, end.unwrap()).await
    }

    /// How the driver ends, without a look at the log.
    pub(crate) async fn ended(self) -> Result<DriveEnd, EngineError> {
        self.task.await.unwrap()
    }

    /// The driver is gone in the middle of whatever it did, as if its process had been killed.
    pub(crate) async fn kill(self) {
        self.task.abort();
        let _ = self.task.await;
    }

    async fn story(&self) -> String {
        Run::of(&self.engine, self.id, Ok(DriveEnd::Stopped)).await.story()
    }
}
