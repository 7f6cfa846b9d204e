//! Launching what reaches outside of the log, once the log says that it has begun.

use super::Driver;
use crate::outside::Rare;
use crate::perform::{Call, ToolRun};
use squad_domain::execution::ExecutionState;
use squad_domain::ids::StepKey;
use std::sync::Arc;

/// What is to be performed.
pub(super) enum Effect {
    Call(Box<Call>),
    Tool(Box<ToolRun>),
    Rare(Rare),
}

/// A step that is about to be performed.
pub(super) struct Launch {
    key: StepKey,
    effect: Effect,
}

impl Launch {
    pub(super) fn new(key: StepKey, effect: Effect) -> Self {
        Self { key, effect }
    }

    pub(super) fn key(&self) -> &StepKey {
        &self.key
    }

    /// A later decision of the same round may have closed the lane.
    pub(super) fn still_wanted(&self, state: &ExecutionState) -> bool {
        match &self.effect {
            Effect::Call(call) => {
                state.lanes.get(&call.lane).is_some_and(squad_domain::execution::Lane::is_open)
            }
            Effect::Tool(run) => {
                state.lanes.get(&run.lane).is_some_and(squad_domain::execution::Lane::is_open)
            }
            _ => !state.status.is_terminal(),
        }
    }
}

impl Driver {
    pub(super) fn launch(&mut self, launches: Vec<Launch>) {
        for Launch { key, effect } in launches {
            let hands = Arc::clone(&self.hands);
            let step = key.clone();
            // Calls and tools, which every turn has, carry all they need; the rare ones look at a copy of the state.
            let task = match effect {
                Effect::Call(call) => {
                    let models = self.models.clone();
                    self.running.spawn(async move { (key, hands.call(models, *call).await) })
                }
                Effect::Tool(run) => self.running.spawn(async move { (key, hands.tool(*run).await) }),
                Effect::Rare(rare) => {
                    let state = self.state.clone();
                    self.running.spawn(async move { (key, hands.rare(&state, rare).await) })
                }
            };
            self.in_flight.insert(step, task.id());
        }
    }
}
