//! One round of the driver: outcomes in, decisions out, everything appended as one transaction.

use super::launch::Launch;
use super::{Driver, PATIENCE, Refused};
use crate::EngineError;
use crate::perform::Outcome;
use squad_domain::execution::{Event, EventBody, NewEvent, decide};
use squad_domain::ids::StepKey;
use squad_storage::{AppendError, Guard};
use std::time::Duration;
use tokio::time::Instant;

/// Decisions in one transaction; what is left to decide then goes into the next one.
const MAX_DECISIONS: usize = 500;
/// Transactions of decisions alone, one after the other. Far above what a healthy execution needs: a decision that never
/// settles is a bug, and ends here instead of filling the disk.
const MAX_UNSETTLED: u32 = 100;
/// Times that a transaction is tried again because the log had moved or the database was away.
const MAX_TRIES: u32 = 60;
/// Times that reading the log is tried again, and the pause before each.
const READ_TRIES: u32 = 80;
const READ_PAUSE: Duration = Duration::from_millis(250);

/// A batch that was sent, and nobody knows what became of it.
struct Unheard {
    /// The last event when it was sent.
    before: u64,
    batch: Vec<NewEvent>,
    launches: Vec<Launch>,
}

impl Driver {
    /// Brings the log to where nothing can be decided without waiting, and launches what has to be waited for.
    pub(super) async fn advance(&mut self) -> Result<(), EngineError> {
        let mut tries = 0;
        let mut unsettled = 0;
        let mut unheard: Vec<Unheard> = Vec::new();
        let begin = Instant::now();
        loop {
            self.catch_up().await?;
            self.hear_of(&mut unheard).await?;
            let before = self.state.seq;
            // Where others appended since, there may be room by now: the database judges anew.
            self.refused.retain(|_, refused| refused.at == before);
            let at = self.now();
            let (batch, launches, settled) = match self.settle(at) {
                Ok(decided) => decided,
                Err(error) => {
                    // Half of a batch may be applied; the log knows better.
                    self.reload().await?;
                    return Err(error);
                }
            };
            if batch.is_empty() {
                self.outcomes.clear();
                self.launch(launches);
                return Ok(());
            }
            let guard = Guard { expected_seq: before, fence: Some(self.claim.fence) };
            match self.shared.store.append(self.id, guard, at, batch.clone()).await {
                Ok(_) => {
                    self.shared.appended(self.id);
                    self.appended(launches);
                    if settled {
                        return Ok(());
                    }
                    unsettled += 1;
                    if unsettled == MAX_UNSETTLED {
                        tracing::error!(execution = %self.id, "decisions do not settle; this is a bug in `decide`");
                        return Ok(());
                    }
                    continue;
                }
                Err(AppendError::FenceLost) => return Err(EngineError::LeaseLost(self.id)),
                Err(AppendError::SeqConflict { .. } | AppendError::Closed) => {}
                Err(AppendError::BudgetExceeded { scope, limit, used, needed, step }) => {
                    self.refused.insert(step, Refused { at: before, scope, limit, used, needed });
                }
                Err(AppendError::Storage(error)) => {
                    tracing::warn!(execution = %self.id, %error, "the log could not be written; trying again");
                    if tries >= MAX_TRIES || begin.elapsed() >= PATIENCE {
                        return Err(error.into());
                    }
                    // It may be there all the same, or get there yet: the log will tell.
                    unheard.push(Unheard { before, batch, launches });
                    tokio::time::sleep(Duration::from_millis(50 * u64::from(tries.min(20)))).await;
                    self.renew().await?;
                }
            }
            tries += 1;
            if tries > MAX_TRIES {
                return Err(EngineError::LeaseLost(self.id));
            }
            self.reload().await?;
        }
    }

    /// Looks whether one of those is in the log by now. Where the log has gone on with something else, it will never be.
    async fn hear_of(&mut self, unheard: &mut Vec<Unheard>) -> Result<(), EngineError> {
        let last = self.state.seq;
        for sent in unheard.extract_if(.., |sent| sent.before < last) {
            if self.arrived(&sent).await? {
                self.appended(sent.launches);
                // Sent again, it was the same batch: it counts once.
                break;
            }
        }
        unheard.retain(|sent| sent.before == last);
        Ok(())
    }

    /// A batch is in the log: what led to it counts no more, and what follows from it begins.
    fn appended(&mut self, launches: Vec<Launch>) {
        self.outcomes.clear();
        // What a budget refused was asked about, or fits by now.
        self.refused.clear();
        self.launch(launches);
    }

    /// Applies the outcomes and everything that follows from them at once. Gives what to append, and what to launch
    /// once it is appended, and whether nothing is left to decide.
    fn settle(
        &mut self,
        at: squad_domain::Timestamp,
    ) -> Result<(Vec<NewEvent>, Vec<Launch>, bool), EngineError> {
        let mut batch = Vec::new();
        let mut launches: Vec<Launch> = Vec::new();
        // Kept until they are appended: after a conflict they are applied to the newer state.
        let outcomes = self.outcomes.clone();
        for (key, outcome) in outcomes {
            for event in self.outcome_events(&key, outcome) {
                self.apply(event, at, &mut batch)?;
            }
        }
        for _ in 0..MAX_DECISIONS {
            let mut settled = true;
            for step in decide(&self.state) {
                let known = step.key().is_some_and(|key| {
                    self.in_flight.contains_key(&key) || launches.iter().any(|launch| launch.key() == &key)
                });
                if known {
                    continue;
                }
                let begun = self.begin(step);
                let decides_more = begun.launch.is_none();
                for event in begun.events {
                    self.apply(event, at, &mut batch)?;
                }
                launches.extend(begun.launch);
                if decides_more {
                    // Its events may have changed everything: decide afresh.
                    settled = false;
                    break;
                }
            }
            if settled {
                launches.retain(|launch| launch.still_wanted(&self.state));
                return Ok((batch, launches, true));
            }
        }
        launches.retain(|launch| launch.still_wanted(&self.state));
        Ok((batch, launches, false))
    }

    fn outcome_events(&self, key: &StepKey, outcome: Outcome) -> Vec<NewEvent> {
        if self.state.status.is_terminal() {
            // Only the money of a call that was under way still counts.
            return outcome.unwrap_or_default().into_iter().filter(super::begin::settles).collect();
        }
        match outcome {
            Ok(events) => super::begin::followed_up(&self.state, events),
            Err(fault) => super::begin::fault(&self.state, key, &fault),
        }
    }

    /// Applies what others appended since.
    async fn catch_up(&mut self) -> Result<(), EngineError> {
        loop {
            let events = self.events_after(self.state.seq, 1000).await?;
            if events.is_empty() {
                break;
            }
            for event in &events {
                if matches!(&event.body, EventBody::TakenUp { worker } if *worker != self.shared.worker) {
                    return Err(EngineError::LeaseLost(self.id));
                }
                self.state.apply(event).map_err(|source| EngineError::BrokenLog { id: self.id, source })?;
            }
        }
        if self.state.status.is_terminal() {
            self.models.cancel.cancel();
        }
        Ok(())
    }

    /// Whether the log went on with exactly this batch.
    async fn arrived(&self, sent: &Unheard) -> Result<bool, EngineError> {
        let stored = self.events_after(sent.before, sent.batch.len() as u64).await?;
        let there = stored.iter().map(|event| (&event.actor, &event.body));
        Ok(there.eq(sent.batch.iter().map(|new| (&new.actor, &new.body))))
    }

    /// Reads the log; a database that is away for a moment is waited for.
    async fn events_after(&self, seq: u64, limit: u64) -> Result<Vec<Event>, EngineError> {
        let mut tries = 0;
        let begin = Instant::now();
        loop {
            match self.shared.store.events(self.id, seq, limit).await {
                Ok(events) => return Ok(events),
                Err(error) if tries == READ_TRIES || begin.elapsed() >= PATIENCE => return Err(error.into()),
                Err(error) => {
                    tracing::warn!(execution = %self.id, %error, "the log could not be read; trying again");
                    tries += 1;
                    tokio::time::sleep(READ_PAUSE).await;
                }
            }
        }
    }

    /// Folds the log anew: what was applied ahead of it is forgotten.
    async fn reload(&mut self) -> Result<(), EngineError> {
        // Waits for the database, if it has to be waited for.
        self.events_after(0, 1).await?;
        let (state, _) = self.shared.load(self.id).await?;
        self.state = state;
        Ok(())
    }
}
