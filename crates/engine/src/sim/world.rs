//! One world: an execution, its database and disk, and everything that happens to them.

use super::database::Database;
use super::disk::Disk;
use super::guard;
use super::plot::Plot;
use super::process::Process;
use super::random::Random;
use super::watch::{Effect, Refusal, Watch};
use super::weather::{Chaos, Weather};
use squad_agents::Prompts;
use squad_domain::execution::{Event, ExecutionState};
use squad_domain::ids::{CommitId, ExecutionId};
use squad_domain::message::Actor;
use squad_storage::{AppendError, Claim, Guard};
use std::sync::{Arc, Mutex};
use tokio::time::Instant;
use uuid::Uuid;

pub(super) struct World {
    pub(super) plot: Plot,
    pub(super) id: ExecutionId,
    pub(super) base: CommitId,
    pub(super) prompts: Arc<Prompts>,
    pub(super) database: Mutex<Database>,
    pub(super) disk: Mutex<Disk>,
    pub(super) chaos: Mutex<Chaos>,
    pub(super) watch: Mutex<Watch>,
    pub(super) origin: Instant,
    /// What happened, in words; where somebody wants to read it.
    story: Option<Mutex<Vec<String>>>,
}

impl World {
    pub(super) fn new(
        plot: Plot,
        weather: Weather,
        random: Random,
        prompts: Arc<Prompts>,
        told: bool,
    ) -> Arc<Self> {
        let mut disk = Disk::default();
        let tree = disk.write(plot.files());
        let base = disk.commit(tree, Vec::new(), "the beginning", 0);
        let chaos = Chaos { random, weather, boundaries: 0, kill_at: Vec::new(), left: 12 };
        let world = Arc::new(Self {
            id: ExecutionId(Uuid::from_u128(0x019a_8f00_0000_7000_8000_0000_0000_0001)),
            base,
            prompts,
            database: Mutex::default(),
            disk: Mutex::new(disk),
            chaos: Mutex::new(chaos),
            watch: Mutex::default(),
            origin: Instant::now(),
            story: told.then(Mutex::default),
            plot,
        });
        let at = crate::clock::Clock::now(&*Process::new(&world, "desk".to_owned(), false));
        let created =
            guard(&world.database).create(world.id, &world.plot.spec(), Actor::Person("ada".into()), at);
        let created = created.expect("the database is empty");
        guard(&world.watch).committed(None, &[created], &guard(&world.database));
        world
    }

    /// Tells what happened, if anybody listens.
    pub(super) fn say(&self, what: impl FnOnce() -> String) {
        if let Some(story) = &self.story {
            let time = self.origin.elapsed();
            guard(story).push(format!("{:>9.3} s  {}", time.as_secs_f64(), what()));
        }
    }

    pub(super) fn story(&self) -> Vec<String> {
        self.story.as_ref().map(|story| guard(story).clone()).unwrap_or_default()
    }

    /// Looks at the execution as it stands.
    pub(super) fn sees<T>(&self, look: impl FnOnce(&ExecutionState) -> T) -> T {
        look(guard(&self.watch).state.as_ref().expect("it was created with the world"))
    }

    /// The execution as it stands.
    pub(super) fn state(&self) -> ExecutionState {
        self.sees(Clone::clone)
    }

    pub(super) fn committed(&self, who: &str, expected: Guard, events: &[Event]) {
        self.say(|| {
            let told: Vec<String> = events.iter().map(told).collect();
            format!("{who} appends after {}: {}", expected.expected_seq, told.join(", "))
        });
        let mut watch = guard(&self.watch);
        let last = watch.state.as_ref().map_or(0, |state| state.seq);
        if events.first().is_some_and(|event| event.seq != last + 1) || expected.expected_seq != last {
            watch.wrong(format!("{who} appends after {}, and the log ends at {last}", expected.expected_seq));
        }
        watch.committed(expected.fence, events, &guard(&self.database));
    }

    pub(super) fn refused(&self, who: &str, error: &AppendError) {
        self.say(|| format!("{who}: append refused: {error}"));
        if let AppendError::BudgetExceeded { scope, limit, used, needed, .. } = error {
            let scope = scope.clone();
            let refusal = Refusal { scope, limit: *limit, used: *used, needed: *needed };
            guard(&self.watch).refuses(refusal);
        }
    }

    pub(super) fn claimed(&self, who: &str, claim: &Claim) {
        self.say(|| format!("{who} claims with fence {}", claim.fence));
        guard(&self.watch).claims(who, claim);
    }

    pub(super) fn released(&self, process: &Process, claim: &Claim, park_at: Option<u64>) {
        self.say(|| format!("{} releases, parked at {park_at:?}", process.name));
        if let (Some(seq), Some(row)) = (park_at, guard(&self.database).rows.get(&claim.execution)) {
            guard(&self.watch).parks(claim, seq, process.thawed(), row);
        }
    }

    /// A process has stopped to drive, and found nothing wrong with that: its lease is another's to take at once.
    pub(super) fn has_let_go(&self, process: &Process) {
        let holds =
            |row: &super::database::Row| row.lease.as_ref().is_some_and(|(owner, _)| *owner == process.name);
        if guard(&self.database).rows.get(&self.id).is_some_and(holds) {
            guard(&self.watch).wrong(format!("{} stops, and keeps its lease", process.name));
        }
    }

    pub(super) fn begins(&self, process: &Process, effect: &Effect, driver: u64, fence: u64) {
        self.say(|| format!("{} begins {} (fence {fence})", process.name, effect.of));
        if let Some(row) = guard(&self.database).rows.get(&self.id) {
            guard(&self.watch).begins(effect, driver, fence, row);
        }
    }
}

/// An event in a few words.
fn told(event: &Event) -> String {
    use squad_domain::execution::EventBody as Body;
    let more = match &event.body {
        Body::StateChanged { to, .. } => to.to_string(),
        Body::ModelCallStarted { step, .. }
        | Body::ModelCallFinished { step, .. }
        | Body::ModelCallFailed { step, .. }
        | Body::ToolStarted { step, .. }
        | Body::ToolFinished { step, .. }
        | Body::StepFailed { step, .. } => step.to_string(),
        Body::LaneOpened { lane, .. } | Body::LaneClosed { lane, .. } => lane.to_string(),
        Body::QuestionAsked { question } => format!("{} {:?}", question.id, question.subject),
        Body::QuestionAnswered { question, answer } => format!("{question} {answer:?}"),
        Body::SubtaskMerged { subtask, .. }
        | Body::MergeConflicted { subtask, .. }
        | Body::WorkSubmitted { subtask, .. } => subtask.to_string(),
        Body::TestsFinished { run, .. } => run.ended.clone(),
        _ => String::new(),
    };
    format!("#{} {}{}{more}", event.seq, event.body.kind(), if more.is_empty() { "" } else { " " })
}
