//! Launching what reaches outside of the log, once the log says that it has begun.

use super::Driver;
use crate::perform::{self, Call, Outcome, Surroundings, ToolRun};
use squad_domain::execution::ExecutionState;
use squad_domain::execution::decide::LanePlan;
use squad_domain::ids::{CommitId, StepKey, SubtaskId};
use squad_domain::tests_run::TestStage;

/// What is to be performed.
pub(super) enum Effect {
    Call(Box<Call>),
    Tool(Box<ToolRun>),
    Rare(Rare),
}

/// What happens a few times in an execution, not in every turn.
pub(super) enum Rare {
    Prepare,
    Tests { stage: TestStage, commit: CommitId },
    OpenLane(LanePlan),
    Merge(SubtaskId),
    Deliver,
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
            let around = self.around.clone();
            let step = key.clone();
            // Calls and tools, which every turn has, carry all they need; the rare ones look at a copy of the state.
            let task = match effect {
                Effect::Call(call) => {
                    self.running.spawn(async move { (key, perform::call(around, *call).await) })
                }
                Effect::Tool(run) => {
                    self.running.spawn(async move { (key, perform::run_tool(around, *run).await) })
                }
                Effect::Rare(effect) => {
                    let state = self.state.clone();
                    self.running.spawn(async move { (key, rare(around, &state, effect).await) })
                }
            };
            self.in_flight.insert(step, task.id());
        }
    }
}

async fn rare(around: Surroundings, state: &ExecutionState, effect: Rare) -> Outcome {
    match effect {
        Rare::Prepare => perform::prepare(around, state).await,
        Rare::Tests { stage, commit } => perform::run_tests(around, state, stage, commit).await,
        Rare::OpenLane(plan) => perform::open_lane(around, state, &plan).await,
        Rare::Merge(subtask) => perform::merge(around, state, &subtask).await,
        Rare::Deliver => perform::deliver(around, state).await,
    }
}
