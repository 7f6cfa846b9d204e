//! Who drives what: claims a lease, and runs a driver while it holds.

use crate::EngineError;
use crate::driver::{DriveEnd, DriveOptions, Driver};
use crate::outside::{Models, Task};
use crate::shared::Shared;
use squad_domain::execution::Status;
use squad_domain::ids::ExecutionId;
use squad_storage::{Claim, ClaimOutcome};
use std::sync::Arc;
use std::time::Duration;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

/// How often an idle worker looks for work that another process left.
pub(crate) const IDLE: Duration = Duration::from_millis(250);

impl Shared {
    /// Drives one execution in this process until it ends, waits, is paused or is asked to stop.
    ///
    /// # Errors
    /// Where another worker has it, the database is away, or the log cannot be read.
    pub(crate) async fn drive(
        self: &Arc<Self>,
        id: ExecutionId,
        options: &DriveOptions,
    ) -> Result<DriveEnd, EngineError> {
        match self.claim(id, options).await? {
            Some(claim) => match self.driver(id, claim.clone()).await {
                Ok(driver) => driver.run(options).await,
                Err(error) => {
                    // Whoever mends what is wrong and tries again need not wait for the lease to run out.
                    self.store.release(&claim, None).await?;
                    Err(error)
                }
            },
            None if options.stop.is_cancelled() => Ok(DriveEnd::Stopped),
            None => {
                let status = self.load(id).await?.0.status;
                if status == Status::Completed {
                    // Nothing is left of them unless the worker died right after the last event.
                    self.outside.remove_files(id).await?;
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
        let mut first_seen = None;
        loop {
            match self.store.claim_one(id, &self.worker, self.clock.now(), self.lease).await? {
                ClaimOutcome::Claimed(claim) => return Ok(Some(claim)),
                ClaimOutcome::HeldBy { worker, until } => {
                    if *first_seen.get_or_insert(until) != until {
                        return Err(EngineError::Held { id, worker });
                    }
                    tokio::select! {
                    biased;
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
    pub(crate) async fn work(
        self: &Arc<Self>,
        parallel: usize,
        stop: CancellationToken,
    ) -> Result<(), EngineError> {
        let mut running: JoinSet<()> = JoinSet::new();
        let mut appended = self.news.subscribe();
        while !stop.is_cancelled() {
            while running.try_join_next().is_some() {}
            let claimed = if running.len() < parallel.max(1) {
                self.store.claim(&self.worker, self.clock.now(), self.lease).await.unwrap_or_else(|error| {
                    tracing::warn!(%error, "no execution could be claimed; trying again");
                    None
                })
            } else {
                None
            };
            if let Some(claim) = claimed {
                let shared = Arc::clone(self);
                let options = DriveOptions { stop: stop.clone(), stay: false };
                running.spawn(async move {
                    let id = claim.execution;
                    let driven = match shared.driver(id, claim).await {
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
            biased;
                            () = stop.cancelled() => {}
                            Some(_) = running.join_next(), if !running.is_empty() => {}
                            _ = appended.recv() => {}
                            () = tokio::time::sleep(IDLE) => {}
                        }
        }
        while running.join_next().await.is_some() {}
        Ok(())
    }

    async fn driver(self: &Arc<Self>, id: ExecutionId, claim: Claim) -> Result<Driver, EngineError> {
        let (state, _) = self.load(id).await?;
        self.outside.admits(id, &state.spec)?;
        let cancel = CancellationToken::new();
        let models = Models {
            execution: id,
            router: Arc::new(self.outside.router(&state.spec.models)?),
            feed: self.feed.clone(),
            cancel: cancel.clone(),
        };
        let task = Task {
            execution: id,
            spec: &state.spec,
            prompts: Arc::clone(&self.prompts),
            clock: Arc::clone(&self.clock),
            feed: self.feed.clone(),
            cancel,
        };
        let hands = self.outside.hands(task);
        Ok(Driver::new(Arc::clone(self), id, claim, state, models, hands))
    }
}
