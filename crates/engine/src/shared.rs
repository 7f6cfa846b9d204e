//! What everything in one process that works on executions shares.

use crate::EngineError;
use crate::clock::Clock;
use crate::feed::Feed;
use crate::input::Input;
use crate::outside::Outside;
use crate::store::Store;
use squad_agents::Prompts;
use squad_domain::execution::{Event, ExecutionState};
use squad_domain::ids::ExecutionId;
use squad_storage::{AppendError, Guard};
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::sync::{Notify, broadcast};

/// Events read at once.
pub(crate) const PAGE: u64 = 1000;
/// Times that an input is tried again because the log moved underneath it.
const INPUT_TRIES: u32 = 1_000;

/// What drivers share.
pub(crate) struct Shared {
    pub(crate) store: Arc<dyn Store>,
    pub(crate) outside: Arc<dyn Outside>,
    pub(crate) prompts: Arc<Prompts>,
    pub(crate) worker: String,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) lease: Duration,
    pub(crate) feed: Feed,
    pub(crate) wakes: Wakes,
    pub(crate) news: broadcast::Sender<ExecutionId>,
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
            let page = self.store.events(id, after, PAGE).await?;
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

    /// Brings the state to the end of the log.
    async fn catch_up(&self, id: ExecutionId, state: &mut ExecutionState) -> Result<(), EngineError> {
        loop {
            let page = self.store.events(id, state.seq, PAGE).await?;
            for event in &page {
                state.apply(event).map_err(|source| EngineError::BrokenLog { id, source })?;
            }
            if (page.len() as u64) < PAGE {
                return Ok(());
            }
        }
    }

    /// Appends what a person does, judged by where the execution stands at that moment.
    pub(crate) async fn input(
        &self,
        id: ExecutionId,
        person: &str,
        input: &Input,
    ) -> Result<ExecutionState, EngineError> {
        let (mut state, _) = self.load(id).await?;
        for _ in 0..INPUT_TRIES {
            let events = input.events(&state, id, person)?;
            if events.is_empty() {
                return Ok(state);
            }
            let guard = Guard { expected_seq: state.seq, fence: None };
            match self.store.append(id, guard, self.clock.now(), events).await {
                Ok(_) => {
                    self.appended(id);
                    self.wakes.of(id).notify_one();
                    self.catch_up(id, &mut state).await?;
                    return Ok(state);
                }
                // The driver was faster; what the person wants is judged again by where it stands now. Only what is new
                // is read: a driver in a hurry must not outrun whoever wants to stop it.
                Err(AppendError::SeqConflict { .. } | AppendError::Closed) => {
                    self.catch_up(id, &mut state).await?;
                }
                Err(AppendError::Storage(error)) => return Err(error.into()),
                Err(AppendError::FenceLost | AppendError::BudgetExceeded { .. }) => break,
            }
        }
        Err(EngineError::LeaseLost(id))
    }
}
