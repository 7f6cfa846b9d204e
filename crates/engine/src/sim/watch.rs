//! What must hold, looked at while it happens: at every commit, and as every effect begins.

use super::database::{Database, Row};
use squad_domain::execution::{Event, EventBody, ExecutionState};
use squad_domain::ids::{LaneId, StepKey};
use squad_domain::message::Actor;
use squad_domain::money::MicroUsd;
use squad_domain::question::{Question, Subject};
use squad_domain::tests_run::TestStage;
use squad_storage::{BudgetScope, Claim};
use std::collections::{BTreeMap, BTreeSet};
use tokio::task;
use tokio::time::Instant;

/// More refusals in a row than there are lanes to be asked about.
const REFUSALS: u32 = 8;

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

/// A budget that did not hold a call.
#[derive(Debug)]
pub(super) struct Refusal {
    pub(super) scope: BudgetScope,
    pub(super) limit: MicroUsd,
    pub(super) used: MicroUsd,
    pub(super) needed: MicroUsd,
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
    /// Who took over a lease that had run out, by its fence, until the log says so.
    heirs: BTreeMap<u64, String>,
    /// When the end was in the log.
    ended: Option<Instant>,
    /// The last one, for people who watch the money.
    pub(super) refused: Option<Refusal>,
    /// How often budgets refused since something was appended last, or somebody else has the lease.
    refusals: u32,
    /// The tasks that drive, by the numbers of their drivers.
    drivers: Vec<task::Id>,
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

    /// The number of a new driver.
    pub(super) fn drives(&mut self) -> u64 {
        self.drivers.push(task::id());
        self.drivers.len() as u64 - 1
    }

    /// A budget does not hold a call.
    pub(super) fn refuses(&mut self, refusal: Refusal) {
        let scope = refusal.scope.clone();
        self.refused = Some(refusal);
        self.refusals += 1;
        if self.refusals > REFUSALS {
            self.wrong(format!(
                "{} refusals, and nobody is asked: the last by the budget of {scope}",
                self.refusals
            ));
        }
    }

    /// A process has a lease.
    pub(super) fn claims(&mut self, worker: &str, claim: &Claim) {
        self.refusals = 0;
        if claim.reclaimed {
            self.heirs.insert(claim.fence, worker.to_owned());
        }
    }

    /// Events are in the log.
    pub(super) fn committed(&mut self, fence: Option<u64>, events: &[Event], database: &Database) {
        self.refusals = 0;
        self.taken_over(fence, events);
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
        if self.state.as_ref().is_some_and(|state| state.status.is_terminal()) {
            self.ended.get_or_insert_with(Instant::now);
        }
        self.money(database);
        self.asked(events, database);
    }

    /// Whoever takes over what a vanished worker left says so before anything else, and once.
    fn taken_over(&mut self, fence: Option<u64>, events: &[Event]) {
        let heir = fence.and_then(|fence| self.heirs.remove(&fence));
        let taken = |event: &Event| match &event.body {
            EventBody::TakenUp { worker } => Some(worker.clone()),
            _ => None,
        };
        let first = events.first().and_then(taken);
        let more = events.iter().skip(1).filter_map(taken).count();
        if first != heir || more > 0 {
            self.wrong(format!("{heir:?} took over what a vanished worker left, and the log says {first:?}"));
        }
    }

    /// Nobody is asked about a budget that holds the call by now.
    fn asked(&mut self, events: &[Event], database: &Database) {
        for event in events {
            let EventBody::QuestionAsked { question } = &event.body else { continue };
            let Subject::Budget { limit, needed, .. } = &question.subject else { continue };
            let whose = if let Actor::Member(name) = &question.from { Some(name) } else { None };
            let budget = database.budgets.iter().find(|(scope, _)| match (scope, whose) {
                (BudgetScope::Member(_, name), Some(whose)) => name == whose,
                (BudgetScope::Execution(_), None) => true,
                _ => false,
            });
            if budget.is_none_or(|(_, budget)| budget.limit != Some(*limit) || budget.fits(*needed)) {
                self.wrong(format!(
                    "{} asks for more than {limit} to hold {needed}, and it is {budget:?}",
                    question.id
                ));
            }
        }
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

    /// A lease is given back, and the execution put aside. `thawed`: when its process stood still last, until then.
    pub(super) fn parks(&mut self, claim: &Claim, seq: u64, thawed: Option<Instant>, row: &Row) {
        self.settles(claim, thawed, row);
        let Some(state) = self.state.as_ref().filter(|state| row.holds(claim) && state.seq == seq) else {
            return;
        };
        let waits = state.open_questions().any(Question::waits_for_person);
        if !(state.status.is_terminal() || state.paused || waits) {
            let status = state.status;
            self.wrong(format!("it is put aside while it is {status}, and nobody was asked anything"));
        }
    }

    /// Calls that were under way at the end are settled by whoever made them, and was awake since.
    fn settles(&mut self, claim: &Claim, thawed: Option<Instant>, row: &Row) {
        let awake = |ended: Instant| thawed.is_none_or(|thawed| thawed < ended);
        if !row.holds(claim) || !self.ended.is_some_and(awake) {
            return;
        }
        let ours = |step: &StepKey| {
            let performed = self.performed.get(step.as_str());
            performed.and_then(|performed| self.drivers.get(usize::try_from(performed.driver).ok()?))
                == Some(&task::id())
        };
        let open = row.calls.iter().find(|(step, call)| call.running && ours(step));
        if let Some((step, _)) = open {
            self.wrong(format!("`{step}` was under way at the end, and its money is not settled"));
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
