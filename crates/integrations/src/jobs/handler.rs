//! Who performs which kind of job.

use async_trait::async_trait;
use squad_domain::Timestamp;
use squad_storage::{Job, JobFailure, TakenJob};
use std::collections::HashMap;
use std::marker::PhantomData;
use std::sync::Arc;
use std::time::Duration;

/// One attempt to perform a job.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Attempt {
    /// When it begins.
    pub now: Timestamp,
    /// When the job is tried again, should this attempt fail; `None` where this one is the last.
    pub retry_at: Option<Timestamp>,
}

/// Performs one kind of job.
#[async_trait]
pub trait Handler<J: Job>: Send + Sync + 'static {
    /// How long it may take. Whatever takes longer is ended, and is a failed attempt.
    fn time_out(&self) -> Duration {
        Duration::from_secs(60)
    }

    /// Performs the job. It may have been performed before, wholly or in part: doing it again must do no harm.
    ///
    /// # Errors
    /// Why it is not done, and whether it may work later.
    async fn perform(&self, job: J, attempt: Attempt) -> Result<(), JobFailure>;
}

/// A handler, whatever its kind of job.
#[async_trait]
pub(super) trait AnyHandler: Send + Sync {
    fn time_out(&self) -> Duration;
    async fn perform(&self, job: &TakenJob, attempt: Attempt) -> Result<(), JobFailure>;
}

struct Typed<J, H> {
    handler: H,
    job: PhantomData<fn() -> J>,
}

#[async_trait]
impl<J: Job + Send + 'static, H: Handler<J>> AnyHandler for Typed<J, H> {
    fn time_out(&self) -> Duration {
        self.handler.time_out()
    }

    async fn perform(&self, job: &TakenJob, attempt: Attempt) -> Result<(), JobFailure> {
        // A newer version may have written it; that one, or the next start of this one, can read it.
        let job = job.read::<J>().map_err(|error| JobFailure::Retry(error.to_string()))?;
        let job = job.ok_or_else(|| JobFailure::Retry("the job is of another kind".to_owned()))?;
        self.handler.perform(job, attempt).await
    }
}

/// The handlers of a process, by the names of their jobs.
#[derive(Default, Clone)]
pub struct Handlers(HashMap<&'static str, Arc<dyn AnyHandler>>);

impl std::fmt::Debug for Handlers {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_set().entries(self.0.keys()).finish()
    }
}

impl Handlers {
    /// Nobody performs anything.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Has jobs of this kind performed by this handler.
    #[must_use]
    pub fn with<J: Job + Send + 'static>(mut self, handler: impl Handler<J>) -> Self {
        self.0.insert(J::NAME, Arc::new(Typed { handler, job: PhantomData }));
        self
    }

    pub(super) fn of(&self, name: &str) -> Option<Arc<dyn AnyHandler>> {
        self.0.get(name).cloned()
    }

    /// The time that the slowest of them may take.
    pub(super) fn longest(&self) -> Duration {
        self.0.values().map(|handler| handler.time_out()).max().unwrap_or_default()
    }
}
