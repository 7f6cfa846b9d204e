//! The driver: decides, performs, appends, until there is nothing left to do or the lease is gone.
//!
//! ```text
//!        ┌───────────── outcomes of finished steps, inputs of people ─────────────┐
//!        ▼                                                                         │
//!   apply → decide → begin the new steps → append all of it in one transaction → perform
//! ```
//!
//! A step is performed only after the transaction that says that it has begun; its outcome is appended together with
//! the beginning of what follows from it. That is the whole of the crash journal.

mod advance;
mod begin;
mod launch;

use crate::EngineError;
use crate::outside::{Hands, Models};
use crate::perform::Outcome;
use crate::shared::Shared;
use squad_domain::Timestamp;
use squad_domain::execution::{Event, EventBody, ExecutionState, NewEvent, Status};
use squad_domain::ids::{ExecutionId, StepKey};
use squad_domain::money::MicroUsd;
use squad_storage::Claim;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;
use tokio::task::JoinSet;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

/// How long a lease holds without being renewed, where nobody says otherwise.
pub(crate) const LEASE: Duration = Duration::from_secs(10);
/// Renewals within the time of a lease: two of them may fail before it is lost.
const RENEWALS: u32 = 3;
/// How often the log is looked at for what other processes appended. Inputs of this process arrive at once.
const POLL: Duration = Duration::from_millis(100);

/// How long a database that is away or cannot be written is waited for. Twice as long as it takes one to start again.
const PATIENCE: Duration = Duration::from_secs(20);
/// How long an execution that has ended waits for the calls that were under way.
const SETTLE: Duration = Duration::from_secs(5);

/// How an execution is driven.
#[derive(Debug, Clone, Default)]
pub struct DriveOptions {
    /// Hands the execution over: what is under way is dropped, and the lease is released.
    pub stop: CancellationToken,
    /// Stay while the execution waits for a person or is paused, instead of handing the lease back.
    pub stay: bool,
}

/// Why driving ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DriveEnd {
    /// The execution has ended, and how.
    Ended(Status),
    /// It waits for a person.
    Waiting,
    /// A person paused it.
    Paused,
    /// It was asked to stop; somebody else may go on.
    Stopped,
}

/// What is known about a reservation that did not fit.
struct Refused {
    /// The last event at that time.
    at: u64,
    scope: squad_storage::BudgetScope,
    limit: MicroUsd,
    used: MicroUsd,
    needed: MicroUsd,
}

pub(crate) struct Driver {
    shared: Arc<Shared>,
    id: ExecutionId,
    claim: Claim,
    state: ExecutionState,
    models: Models,
    hands: Arc<dyn Hands>,
    /// When the database last said that the lease is ours.
    renewed: Instant,
    /// Steps under way.
    running: JoinSet<(StepKey, Outcome)>,
    in_flight: BTreeMap<StepKey, tokio::task::Id>,
    /// Outcomes that are not appended yet.
    outcomes: Vec<(StepKey, Outcome)>,
    /// Calls whose worst case did not fit a budget, until the question about it is asked.
    refused: BTreeMap<StepKey, Refused>,
}

impl Driver {
    pub(crate) fn new(
        shared: Arc<Shared>,
        id: ExecutionId,
        claim: Claim,
        state: ExecutionState,
        models: Models,
        hands: Arc<dyn Hands>,
    ) -> Self {
        Self {
            shared,
            id,
            claim,
            state,
            models,
            hands,
            renewed: Instant::now(),
            running: JoinSet::new(),
            in_flight: BTreeMap::new(),
            outcomes: Vec::new(),
            refused: BTreeMap::new(),
        }
    }

    /// Drives until there is a reason to stop, then hands the lease back.
    pub(crate) async fn run(mut self, options: &DriveOptions) -> Result<DriveEnd, EngineError> {
        let end = self.drive(options).await;
        self.models.cancel.cancel();
        if matches!(end, Ok(DriveEnd::Ended(_))) {
            self.settle_calls().await;
        }
        self.running.shutdown().await;
        self.hands.close().await;
        // A log that cannot be read would only be claimed again and again.
        let parked = matches!(
            end,
            Ok(DriveEnd::Ended(_) | DriveEnd::Waiting | DriveEnd::Paused)
                | Err(EngineError::BrokenLog { .. })
        );
        // After any other error the lease runs out by itself: nobody should try again without a pause.
        if parked || end.is_ok() {
            self.shared.store.release(&self.claim, parked.then_some(self.state.seq)).await?;
        }
        if let Ok(DriveEnd::Ended(status)) = end {
            self.tidy(status).await;
        }
        end
    }

    async fn drive(&mut self, options: &DriveOptions) -> Result<DriveEnd, EngineError> {
        if self.claim.reclaimed {
            let body = EventBody::TakenUp { worker: self.shared.worker.clone() };
            self.outcomes.push((StepKey::from("taken-up"), Ok(vec![NewEvent::engine(body)])));
        }
        let wake = self.shared.wakes.of(self.id);
        let mut renew = tokio::time::interval((self.shared.lease / RENEWALS).max(POLL));
        let mut poll = tokio::time::interval(POLL);
        poll.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        loop {
            self.advance().await?;
            if self.state.status.is_terminal() {
                return Ok(DriveEnd::Ended(self.state.status));
            }
            if self.running.is_empty() && !options.stay {
                if self.state.paused {
                    return Ok(DriveEnd::Paused);
                }
                if self.state.open_questions().next().is_none() {
                    tracing::error!(execution = %self.id, status = %self.state.status, "nothing is decided and nobody is asked; this is a bug in `decide`");
                }
                return Ok(DriveEnd::Waiting);
            }
            loop {
                tokio::select! {
                    biased;
                    () = options.stop.cancelled() => return Ok(DriveEnd::Stopped),
                    Some(done) = self.running.join_next(), if !self.running.is_empty() => {
                        self.take(done);
                        while let Some(done) = self.running.try_join_next() {
                            self.take(done);
                        }
                        break;
                    }
                    _ = renew.tick() => self.renew().await?,
                    () = wake.notified() => break,
                    _ = poll.tick() => {
                        let last = self.shared.store.last_seq(self.id).await.unwrap_or(None);
                        if last.is_some_and(|last| last > self.state.seq) {
                            break;
                        }
                    }
                }
            }
        }
    }

    /// Calls that were under way when the execution ended may have cost something: what the provider was asked for is
    /// booked. Gives up after a while: a provider that hangs does not hold up the end.
    async fn settle_calls(&mut self) {
        let rest = async {
            while let Some(done) = self.running.join_next().await {
                self.take(done);
            }
        };
        if tokio::time::timeout(SETTLE, rest).await.is_err() {
            tracing::warn!(execution = %self.id, "a call could not be settled after the end");
        }
        if !self.outcomes.is_empty()
            && let Err(error) = self.advance().await
        {
            tracing::warn!(execution = %self.id, %error, "a call could not be settled after the end");
        }
    }

    fn take(&mut self, done: Result<(StepKey, Outcome), tokio::task::JoinError>) {
        match done {
            Ok((key, outcome)) => {
                self.in_flight.remove(&key);
                self.outcomes.push((key, outcome));
            }
            // A panic in a step is a bug: a person is asked about that step, and the others go on.
            Err(error) if error.is_panic() => {
                tracing::error!(execution = %self.id, %error, "a step panicked");
                let key = self.in_flight.iter().find(|(_, task)| **task == error.id());
                if let Some(key) = key.map(|(key, _)| key.clone()) {
                    self.in_flight.remove(&key);
                    let fault = crate::perform::Fault(
                        "an internal error ended this step; the log has the details".to_owned(),
                    );
                    self.outcomes.push((key, Err(fault)));
                }
            }
            Err(_) => {}
        }
    }

    async fn renew(&mut self) -> Result<(), EngineError> {
        match self.shared.store.renew(&self.claim, self.now(), self.shared.lease).await {
            Ok(true) => {
                self.renewed = Instant::now();
                Ok(())
            }
            Ok(false) => Err(EngineError::LeaseLost(self.id)),
            Err(error) if self.renewed.elapsed() >= PATIENCE => Err(error.into()),
            // A database that is away for a moment is no reason to give up.
            Err(error) => {
                tracing::warn!(execution = %self.id, %error, "the lease could not be renewed");
                Ok(())
            }
        }
    }

    /// What an ended execution leaves: nothing where its branch is delivered, its commits where it is not.
    async fn tidy(&self, status: Status) {
        if status == Status::Completed
            && let Err(error) = self.shared.outside.remove_files(self.id).await
        {
            tracing::warn!(execution = %self.id, %error, "the execution's files could not be removed");
        }
    }

    fn now(&self) -> Timestamp {
        self.shared.clock.now()
    }

    /// Applies an event that is about to be appended.
    fn apply(&mut self, new: NewEvent, at: Timestamp, batch: &mut Vec<NewEvent>) -> Result<(), EngineError> {
        let event = Event { seq: self.state.seq + 1, at, actor: new.actor.clone(), body: new.body.clone() };
        self.state.apply(&event).map_err(|source| EngineError::BrokenLog { id: self.id, source })?;
        batch.push(new);
        Ok(())
    }
}
