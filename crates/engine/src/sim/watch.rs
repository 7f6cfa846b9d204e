//! What must hold, looked at while it happens: at every commit, and as every effect begins.

use super::database::{Database, Row};
use squad_domain::execution::{Event, EventBody, ExecutionState};
use squad_domain::ids::{LaneId, StepKey};
use squad_domain::question::Subject;
use squad_domain::tests_run::TestStage;
use squad_storage::Claim;
use std::collections::{BTreeMap, BTreeSet};

/// One effect: the step's key, told apart where one key stands for several (`merge`).
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Effect {
    pub(super) step: StepKey,
    pub(super) of: String,
    /// The lane that it belongs to; closed, the effect is over.
    pub(super) lane: Option<LaneId>,
    /// Whether the log names its beginning.
    pub(super) announced: bool,
}

/// How often an effect was performed, and by whom last.
#[derive(Debug, Default)]
pub(super) struct Performed {
    pub(super) times: u32,
    driver: u64,
    failures: usize,
}

/// The watcher of one execution.
#[derive(Debug, Default)]
pub(super) struct Watch {
    /// The log as folded event by event, as it is committed.
    pub(super) state: Option<ExecutionState>,
    finished: BTreeSet<String>,
    closed: BTreeSet<LaneId>,
    announced: BTreeSet<StepKey>,
    failures: BTreeMap<StepKey, usize>,
    pub(super) performed: BTreeMap<String, Performed>,
    pub(super) wrong: Vec<String>,
}

impl Watch {
    pub(super) fn wrong(&mut self, what: String) {
        self.wrong.push(what);
    }

    fn only_once(&mut self, first: bool, otherwise: String) {
        if !first {
            self.wrong(otherwise);
        }
    }

    /// Events are in the log.
    pub(super) fn committed(&mut self, events: &[Event], database: &Database) {
        for event in events {
            if let Some(over) = self.ends(&event.body)
                && !self.finished.insert(over.clone())
            {
                self.wrong(format!("`{over}` is finished twice; event {}", event.seq));
            }
            self.note(&event.body);
            let applied = match &mut self.state {
                Some(state) => state.apply(event),
                None => ExecutionState::fold([event]).map(|state| self.state = Some(state)),
            };
            if let Err(error) = applied {
                self.wrong(format!("the log cannot be folded any more: {error}"));
            }
        }
        self.money(database);
    }

    /// The effects that the event ends.
    fn ends(&self, body: &EventBody) -> Option<String> {
        match body {
            EventBody::ModelCallFinished { step, .. }
            | EventBody::ModelCallFailed { step, .. }
            | EventBody::ToolFinished { step, .. } => Some(step.to_string()),
            EventBody::WorkspacePrepared { .. } => Some("prepare".to_owned()),
            EventBody::NoTestsFound { .. } => Some("tests/before".to_owned()),
            EventBody::TestsFinished { run, .. } => Some(match run.stage {
                TestStage::Before => "tests/before".to_owned(),
                TestStage::After => format!("tests/after/{}", run.commit),
            }),
            EventBody::LaneOpened { lane, .. } => Some(format!("open/{lane}")),
            EventBody::SubtaskMerged { subtask, .. } | EventBody::MergeConflicted { subtask, .. } => {
                Some(merge(self.state.as_ref()?, subtask.as_str()))
            }
            EventBody::Delivered { .. } => Some("deliver".to_owned()),
            _ => None,
        }
    }

    fn note(&mut self, body: &EventBody) {
        match body {
            EventBody::WorkSubmitted { lane, .. }
            | EventBody::ReviewSubmitted { lane, .. }
            | EventBody::TestReportSubmitted { lane, .. }
            | EventBody::AnalysisSubmitted { lane, .. }
            | EventBody::PlanSubmitted { lane, .. }
            | EventBody::LaneClosed { lane, .. } => {
                let first = self.closed.insert(lane.clone());
                self.only_once(first, format!("lane `{lane}` ends twice"));
            }
            EventBody::ModelCallStarted { step, .. } | EventBody::ToolStarted { step, .. } => {
                let first = self.announced.insert(step.clone());
                self.only_once(first, format!("`{step}` begins twice"));
            }
            EventBody::TestsStarted { stage, commit, .. } => {
                let step = match stage {
                    TestStage::Before => "tests/before".to_owned(),
                    TestStage::After => format!("tests/after/{commit}"),
                };
                self.announced.insert(StepKey(step));
            }
            EventBody::StepFailed { step, .. } => *self.failures.entry(step.clone()).or_default() += 1,
            _ => {}
        }
    }

    /// An effect begins, for the driver of that number, which believes to hold the lease of this fence.
    pub(super) fn begins(&mut self, effect: &Effect, driver: u64, fence: u64, row: &Row) {
        let holds = row.lease.is_some() && row.fence == fence;
        let failures = self.failures.get(&effect.step).copied().unwrap_or_default();
        let before = self.performed.entry(effect.of.clone()).or_default();
        let again = before.times > 0 && before.driver == driver && before.failures == failures;
        *before = Performed { times: before.times + 1, driver, failures };
        let times = before.times;
        // One that lost its lease may still be inside an effect; it can write nothing of it.
        if !holds {
            return;
        }
        let of = &effect.of;
        if self.finished.contains(of) || effect.lane.as_ref().is_some_and(|lane| self.closed.contains(lane)) {
            self.wrong(format!("`{of}` is finished, and is performed again"));
        }
        if effect.announced && !self.announced.contains(&effect.step) {
            self.wrong(format!("`{of}` is performed before the log says that it has begun"));
        }
        let asked = self
            .state
            .iter()
            .flat_map(ExecutionState::open_questions)
            .any(|question| matches!(&question.subject, Subject::Fault { step } if *step == effect.step));
        if asked {
            self.wrong(format!("`{of}` failed, and is tried again before anybody answered"));
        }
        if again {
            self.wrong(format!("`{of}` is performed {times} times, twice by the same driver"));
        }
    }

    /// A driver looks at its own copy of the state.
    pub(super) fn looks(&mut self, seen: &ExecutionState) {
        if self.state.as_ref().is_some_and(|state| state.seq == seen.seq && state != seen) {
            self.wrong(format!("a driver's state is not what its log of {} events says", seen.seq));
        }
    }

    /// A lease is given back, and the execution put aside.
    pub(super) fn parks(&mut self, claim: &Claim, seq: u64, row: &Row) {
        let Some(state) = self.state.as_ref().filter(|state| row.holds(claim) && state.seq == seq) else {
            return;
        };
        let waits = state.open_questions().any(squad_domain::question::Question::waits_for_person);
        if !(state.status.is_terminal() || state.paused || waits) {
            let status = state.status;
            self.wrong(format!("it is put aside while it is {status}, and nobody was asked anything"));
        }
    }

    fn money(&mut self, database: &Database) {
        for (scope, money) in &database.budgets {
            if money.limit.is_some_and(|limit| money.used() > limit) {
                self.wrong.push(format!("the budget of {scope} is overdrawn: {money:?}"));
            }
        }
    }
}

/// Which merge it is: of this work into this tip.
pub(super) fn merge(state: &ExecutionState, subtask: &str) -> String {
    let head = state.head.as_ref().map_or("", |head| head.as_str());
    let conflicts = state.subtask(&subtask.into()).map_or(0, |subtask| subtask.conflicts);
    format!("merge/{subtask}/{head}/{conflicts}")
}
