//! Steps performed on the world's disk. Before and after each, its process may be killed.

use super::process::Process;
use super::watch::{self, Effect};
use super::{guard, steps, tools};
use crate::clock::Clock;
use crate::outside::{Hands, Models, Rare};
use crate::perform::{self, Call, Fault, Outcome, ToolRun, Work};
use async_trait::async_trait;
use squad_agents::Prompts;
use squad_domain::execution::ExecutionState;
use squad_domain::ids::{LaneId, StepKey};
use squad_domain::tests_run::TestStage;
use std::sync::Arc;
use tokio_util::sync::CancellationToken;

pub(super) struct SimulatedHands {
    pub(super) process: Arc<Process>,
    /// Whose hands they are: a process may have lost its lease to itself, and then has two drivers.
    pub(super) driver: u64,
    pub(super) fence: u64,
    pub(super) prompts: Arc<Prompts>,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) cancel: CancellationToken,
}

impl SimulatedHands {
    async fn begins(&self, step: StepKey, of: String, lane: Option<&LaneId>, announced: bool) {
        self.process.passes("before an effect").await;
        let effect = Effect { step, of, lane: lane.cloned(), announced };
        self.process.world.begins(&self.process, &effect, self.driver, self.fence);
    }

    /// Takes its time, and may fail for a reason outside of the squad.
    async fn works(&self) -> Result<(), Fault> {
        let (time, fault, panic) = {
            let mut chaos = guard(&self.process.world.chaos);
            let longest = *chaos.random.pick(&[5, 50, 50, 3_000]);
            let time = chaos.millis(0, longest);
            (time, chaos.strikes_hard(|weather| weather.fault), chaos.strikes_hard(|weather| weather.panic))
        };
        tokio::select! {
            biased;
            () = self.cancel.cancelled() => return Err(Fault("stopped".to_owned())),
            () = tokio::time::sleep(time) => {}
        }
        if panic {
            self.process.world.say(|| "the step panics".to_owned());
            // Without the words on standard error that a `panic!` would leave.
            std::panic::resume_unwind(Box::new("by chance"));
        }
        if fault {
            return Err(Fault("the disk is full".to_owned()));
        }
        Ok(())
    }

    async fn ends(&self) {
        self.process.passes("after an effect").await;
    }
}

#[async_trait]
impl Hands for SimulatedHands {
    async fn call(&self, models: Models, call: Call) -> Outcome {
        let step = call.step.clone();
        self.begins(step.clone(), step.to_string(), Some(&call.lane), true).await;
        let outcome = perform::call(models, call).await;
        self.ends().await;
        outcome
    }

    async fn tool(&self, run: ToolRun) -> Outcome {
        self.begins(run.step.clone(), run.step.to_string(), Some(&run.lane), true).await;
        self.works().await?;
        let world = &self.process.world;
        if let Work::Tool(invocation) = &run.work {
            let told = tools::perform(&mut guard(&world.disk), &run, invocation);
            // The files are changed, and nobody has written down how.
            self.process.passes("between a change and its checkpoint").await;
            let outcome = tools::finished(&mut guard(&world.disk), &run, told);
            self.ends().await;
            return Ok(vec![outcome]);
        }
        let outcome = tools::hand_over(&mut guard(&world.disk), &run, self.clock.now().unix_timestamp());
        self.ends().await;
        outcome
    }

    async fn rare(&self, state: &ExecutionState, rare: Rare) -> Outcome {
        let world = &self.process.world;
        guard(&world.watch).looks(state);
        let (step, of, announced) = match &rare {
            Rare::Prepare => ("prepare".to_owned(), None, false),
            Rare::Tests { stage: TestStage::Before, .. } => ("tests/before".to_owned(), None, true),
            Rare::Tests { commit, .. } => (format!("tests/after/{commit}"), None, true),
            Rare::OpenLane(plan) => (format!("open/{}", plan.id), None, false),
            Rare::Merge(subtask) => ("merge".to_owned(), Some(watch::merge(state, subtask.as_str())), false),
            Rare::Deliver => ("deliver".to_owned(), None, false),
        };
        let of = of.unwrap_or_else(|| step.clone());
        self.begins(StepKey(step), of, None, announced).await;
        self.works().await?;
        let at = self.clock.now().unix_timestamp();
        let outcome = steps::perform(world, &self.prompts, state, rare, at);
        self.ends().await;
        outcome
    }

    async fn close(&self) {}
}
