//! The loop that takes due jobs and has them performed.

use super::handler::{Attempt, Handlers};
use super::housekeeping;
use futures::FutureExt as _;
use squad_domain::Timestamp;
use squad_storage::{JobFailure, Storage, TakenJob};
use std::any::Any;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::Notify;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

/// Tells the time. Injected, so that tests control it.
pub type Clock = Arc<dyn Fn() -> Timestamp + Send + Sync>;

/// How often the database is asked for jobs of which nobody told.
const POLL: Duration = Duration::from_secs(1);

/// Jobs performed at once.
const AT_ONCE: usize = 8;

/// What a job's lock outlasts the slowest handler by: writing down what came of it takes time, too.
const MARGIN: Duration = Duration::from_secs(30);

/// Tells the runner of this process that a job was stored. Clones tell the same one.
#[derive(Debug, Clone, Default)]
pub struct Wake(Arc<Notify>);

impl Wake {
    /// There is a new job. Told before the runner listens, it is not lost.
    pub fn wake(&self) {
        self.0.notify_one();
    }
}

/// Performs the jobs of the outbox. Any number of them may share a database.
pub struct Runner {
    storage: Storage,
    handlers: Handlers,
    clock: Clock,
    worker: String,
    wake: Wake,
}

impl std::fmt::Debug for Runner {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Runner")
            .field("worker", &self.worker)
            .field("handlers", &self.handlers)
            .finish_non_exhaustive()
    }
}

impl Runner {
    /// A runner that calls itself `worker`, a name that no other process has.
    #[must_use]
    pub fn new(storage: Storage, handlers: Handlers, clock: Clock, worker: &str) -> Self {
        Self { storage, handlers, clock, worker: worker.to_owned(), wake: Wake::default() }
    }

    /// Tells it of new jobs.
    #[must_use]
    pub fn wake(&self) -> Wake {
        self.wake.clone()
    }

    /// Performs jobs until it is stopped; those under way then are waited for. A database that fails is asked again.
    pub async fn run(&self, stop: CancellationToken) {
        let mut under_way = JoinSet::new();
        let mut tidied: Option<Timestamp> = None;
        loop {
            let now = (self.clock)();
            if tidied.is_none_or(|at| now - at >= housekeeping::EVERY) {
                tidied = Some(now);
                if let Err(error) = housekeeping::tidy(&self.storage, now).await {
                    tracing::warn!(%error, "what is too old could not be forgotten; it is tried again in an hour");
                }
            }
            self.start_due(&mut under_way).await;
            tokio::select! {
                () = stop.cancelled() => break,
                Some(_) = under_way.join_next() => {}
                () = self.wake.0.notified() => {}
                () = tokio::time::sleep(POLL) => {}
            }
        }
        under_way.join_all().await;
    }

    /// Performs everything that is due now, and answers when nothing is. Tells how many attempts were made.
    pub async fn run_due(&self) -> usize {
        let mut under_way = JoinSet::new();
        let mut attempts = 0;
        loop {
            attempts += self.start_due(&mut under_way).await;
            if under_way.join_next().await.is_none() {
                return attempts;
            }
        }
    }

    /// Starts as many due jobs as there is room for; tells how many.
    async fn start_due(&self, under_way: &mut JoinSet<()>) -> usize {
        let room = AT_ONCE.saturating_sub(under_way.len());
        if room == 0 {
            return 0;
        }
        let ttl = self.handlers.longest() + MARGIN;
        let taken = self.storage.take_jobs(&self.worker, (self.clock)(), ttl, room as u64).await;
        let jobs = taken.unwrap_or_else(|error| {
            tracing::warn!(%error, "no jobs could be taken; they are asked for again");
            Vec::new()
        });
        let started = jobs.len();
        for job in jobs {
            let (storage, handlers, clock) =
                (self.storage.clone(), self.handlers.clone(), self.clock.clone());
            under_way.spawn(async move {
                let outcome = perform(&handlers, &job, clock()).await;
                settle(&storage, &job, clock(), outcome).await;
            });
        }
        started
    }
}

async fn perform(handlers: &Handlers, job: &TakenJob, now: Timestamp) -> Result<(), JobFailure> {
    let Some(handler) = handlers.of(job.name()) else {
        // Another process, or the next version, may know it.
        return Err(JobFailure::Retry(format!("nobody here performs jobs `{}`", job.name())));
    };
    let attempt = Attempt { now, retry_at: job.retry_at(now) };
    let performed = AssertUnwindSafe(handler.perform(job, attempt)).catch_unwind();
    match tokio::time::timeout(handler.time_out(), performed).await {
        Ok(Ok(outcome)) => outcome,
        Ok(Err(panic)) => Err(JobFailure::Retry(format!("it panicked: {}", message(&*panic)))),
        Err(_) => {
            let seconds = handler.time_out().as_secs();
            Err(JobFailure::Retry(format!("it took longer than {seconds} seconds")))
        }
    }
}

fn message(panic: &(dyn Any + Send)) -> &str {
    let text = panic.downcast_ref::<&str>().copied();
    text.or_else(|| panic.downcast_ref::<String>().map(String::as_str)).unwrap_or("without a word")
}

async fn settle(storage: &Storage, job: &TakenJob, now: Timestamp, outcome: Result<(), JobFailure>) {
    let settled = match outcome {
        Ok(()) => storage.finish_job(job).await,
        Err(failure) => {
            let (JobFailure::Retry(why) | JobFailure::Fail(why)) = failure.clone();
            storage.fail_job(job, now, failure).await.map(|dead| {
                if dead {
                    tracing::warn!(job = job.name(), attempt = job.attempt(), why, "gave a job up");
                } else {
                    tracing::info!(
                        job = job.name(),
                        attempt = job.attempt(),
                        why,
                        "a job is tried again later"
                    );
                }
            })
        }
    };
    if let Err(error) = settled {
        // Its lock runs out, and it is performed once more.
        tracing::warn!(job = job.name(), %error, "what came of a job could not be written down");
    }
}
