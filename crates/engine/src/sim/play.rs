//! Plays a world to its end: workers that are started again when they die, people, and the weather.

use super::disk::Files;
use super::guard;
use super::person::Person;
use super::plot::Plot;
use super::process::Process;
use super::random::Random;
use super::verdict;
use super::weather::Weather;
use super::world::World;
use crate::driver::DriveOptions;
use crate::shared::Shared;
use squad_agents::Prompts;
use squad_domain::execution::ExecutionState;
use std::sync::{Arc, LazyLock};
use std::time::Duration;
use tokio::task::JoinHandle;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

static PROMPTS: LazyLock<Arc<Prompts>> = LazyLock::new(|| Arc::new(Prompts::embedded()));

/// After this time of the world nothing goes wrong any more.
const STORM: Duration = Duration::from_mins(10);
/// And after this time it must have ended.
const END: Duration = Duration::from_mins(40);
/// By then all clocks agree again, past any lease that one of them granted while it was wrong.
const LATER: time::Duration = time::Duration::minutes(70);
/// What is still under way when an execution ends gets this long.
const REST: Duration = Duration::from_secs(15);

/// What is played.
#[derive(Debug, Clone, Default)]
pub(super) struct Setting {
    pub(super) seed: u64,
    pub(super) plot: u64,
    pub(super) weather: Weather,
    pub(super) workers: usize,
    /// The boundaries at which a worker is killed for sure.
    pub(super) kill_at: Vec<u64>,
    /// Whether the story is kept.
    pub(super) told: bool,
}

/// How it went.
#[derive(Debug)]
pub(super) struct Ending {
    pub(super) state: ExecutionState,
    /// The files at the tip.
    pub(super) files: Files,
    pub(super) boundaries: u64,
    /// Effects that were performed more than once.
    pub(super) repeated: usize,
    pub(super) wrong: Vec<String>,
    pub(super) story: Vec<String>,
}

/// How a worker works.
#[derive(Debug, Clone, Copy)]
enum Job {
    /// As `squad worker`.
    Work,
    /// As `squad run` and `squad resume`; with `stay`, as one who watches.
    Drive { stay: bool },
}

struct Worker {
    number: u32,
    job: Job,
    process: Arc<Process>,
    shared: Arc<Shared>,
    stop: CancellationToken,
    task: JoinHandle<()>,
    /// When it is started again.
    again: Option<Instant>,
}

impl Setting {
    /// What a seed stands for.
    pub(super) fn of(seed: u64) -> Self {
        let mut random = Random::new(seed);
        // Drawn apart: seeds that have nothing to do with money stay what they were.
        let mut money = Random::new(!seed);
        let plot = random.below(super::plot::ANY);
        let plot =
            if money.per_mille(120) { money.between(super::plot::ANY, super::plot::PLOTS - 1) } else { plot };
        let workers = *random.pick(&[1, 2, 2, 3]);
        Self { seed, plot, weather: Weather::new(&mut random, &mut money), workers, ..Self::default() }
    }

    /// The plot as it goes where nothing goes wrong.
    pub(super) fn calm(plot: u64) -> Self {
        Self { plot, workers: 1, ..Self::default() }
    }

    pub(super) fn play(&self) -> Ending {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build();
        runtime.expect("a runtime without threads and files can always be made").block_on(self.run())
    }

    async fn run(&self) -> Ending {
        let mut random = Random::new(self.seed ^ 0xc0ff_ee00);
        let chance = Random::new(random.next());
        let plot = Plot::new(self.plot);
        let world = World::new(plot, self.weather.clone(), chance, Arc::clone(&PROMPTS), self.told);
        guard(&world.chaos).kill_at.clone_from(&self.kill_at);
        world.say(|| format!("{self:?}\n{:?}", world.plot));
        let mut person =
            Person::new(&world, Random::new(random.next()), Random::new(!self.seed ^ 0xc0ff_ee00));
        let mut workers: Vec<Worker> =
            (0..self.workers).map(|slot| Worker::start(&world, slot, &mut random)).collect();
        let mut over = None;
        loop {
            tokio::time::sleep(Duration::from_millis(random.between(20, 400))).await;
            let elapsed = world.origin.elapsed();
            if elapsed > STORM {
                guard(&world.chaos).clear();
                workers.iter().for_each(|worker| worker.process.set_clock(LATER));
            }
            if world.sees(|state| state.status.is_terminal())
                && Instant::now() > *over.get_or_insert(Instant::now()) + REST
            {
                break;
            }
            if !guard(&world.watch).wrong.is_empty() {
                break;
            }
            if elapsed > END {
                let state = world.state();
                let open: Vec<String> = state.open_questions().map(|asked| asked.text.clone()).collect();
                let what = format!("it is {} and does not end; open: {open:?}", state.status);
                guard(&world.watch).wrong(what);
                break;
            }
            for worker in &mut workers {
                worker.looked_after(&world, &mut random);
            }
            let beside = workers.iter().find(|worker| !worker.process.is_dead());
            person.acts(beside.map(|worker| Arc::clone(&worker.shared))).await;
        }
        for worker in &workers {
            worker.stop.cancel();
        }
        tokio::time::sleep(REST).await;
        verdict::at_the_end(&world);
        let state = world.state();
        let files = state.head.as_ref().map(|head| guard(&world.disk).files_of(head)).unwrap_or_default();
        let boundaries = guard(&world.chaos).boundaries;
        let story = world.story();
        let watch = guard(&world.watch);
        let repeated = watch.performed.values().filter(|performed| performed.times > 1).count();
        Ending { state, files, boundaries, repeated, wrong: watch.wrong.clone(), story }
    }
}

impl Worker {
    fn start(world: &Arc<World>, slot: usize, random: &mut Random) -> Self {
        let job = if slot == 0 {
            Job::Work
        } else {
            *random.pick(&[Job::Work, Job::Drive { stay: false }, Job::Drive { stay: true }])
        };
        Self::spawn(world, u32::try_from(slot).unwrap_or(0), job)
    }

    fn spawn(world: &Arc<World>, number: u32, job: Job) -> Self {
        let process = Process::new(world, format!("worker {number}"), true);
        let shared = process.shared();
        let stop = CancellationToken::new();
        let task = tokio::spawn(works(Arc::clone(&process), Arc::clone(&shared), job, stop.clone()));
        Self { number, job, process, shared, stop, task, again: None }
    }

    /// Starts it again where it is gone, and lets the weather at it.
    fn looked_after(&mut self, world: &Arc<World>, random: &mut Random) {
        if self.process.is_dead() || self.task.is_finished() {
            self.task.abort();
            let wait = Duration::from_millis(random.between(10, 6_000));
            if *self.again.get_or_insert(Instant::now() + wait) <= Instant::now() {
                let number = self.number + 10;
                world.say(|| format!("worker {number} starts"));
                *self = Self::spawn(world, number, self.job);
            }
            return;
        }
        let (stops, steps) = {
            let mut chaos = guard(&world.chaos);
            (chaos.strikes(|weather| weather.stop), chaos.strikes_hard(|weather| weather.clock))
        };
        if stops {
            world.say(|| format!("{} is asked to stop", self.process.name));
            self.stop.cancel();
        }
        if steps {
            let step = *random.pick(&[-3_600, -15, -2, 2, 15, 15, 3_600]);
            world.say(|| format!("the clock of {} is {step} s off", self.process.name));
            self.process.set_clock(time::Duration::seconds(step));
        }
    }
}

async fn works(process: Arc<Process>, shared: Arc<Shared>, job: Job, stop: CancellationToken) {
    let world = &process.world;
    match job {
        Job::Work => drop(shared.work(2, stop).await),
        Job::Drive { stay } => {
            let options = DriveOptions { stop, stay };
            let end = shared.drive(world.id, &options).await;
            world.say(|| format!("{} drove: {end:?}", shared.worker));
            if end.is_ok() {
                world.has_let_go(&process);
            }
        }
    }
}
