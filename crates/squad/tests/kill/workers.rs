//! Two workers on one database, one of which is killed at random moments, again and again.

use crate::check::{self, Whole};
use crate::house::{House, LOOK};
use crate::random::{Random, seed};
use crate::run::{KILLS, again_and_again};
use squad_domain::ids::ExecutionId;
use squad_testkit::Backend;
use std::process::Child;
use std::time::Duration;

/// A worker process.
pub(crate) struct Worker(pub(crate) Child);

impl Worker {
    pub(crate) fn start(house: &House) -> Self {
        Self(house.squad(&["worker"]).spawn().unwrap())
    }

    /// Whether it holds the lease of the execution. Its name ends with its process and four digits.
    pub(crate) fn holds(&self, house: &House, id: ExecutionId) -> bool {
        let row = house.runtime.block_on(house.storage.execution(id)).unwrap().unwrap();
        let process = format!("-{}-", self.0.id());
        row.lease.is_some_and(|lease| lease.owner.contains(&process))
    }

    pub(crate) fn kill(mut self) {
        self.0.kill().unwrap();
        self.0.wait().unwrap();
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        // It ended, or the test failed.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn one_of_two_is_killed(house: &House, whole: &Whole, number: u64) -> u64 {
    let seed = seed().wrapping_add(number);
    let context = format!("SQUAD_KILL_SEED={seed}");
    let mut random = Random::new(seed);
    let id = house.detached();
    let mut workers = vec![Worker::start(house), Worker::start(house)];
    let mut killed = 0;
    while wait(house, id, &mut random) {
        // Mostly the one that works; now and then the other.
        let working = workers.iter().position(|worker| worker.holds(house, id)).unwrap_or(0);
        let victim = if random.below(5) == 0 { 1 - working } else { working };
        workers.remove(victim).kill();
        killed += 1;
        workers.push(Worker::start(house));
    }
    for worker in workers {
        end(house, worker, &context);
    }
    check::disturbed(house, id, whole, &[], &context);
    killed
}

pub(crate) fn is_over(house: &House, id: ExecutionId) -> Option<()> {
    let row = house.runtime.block_on(house.storage.execution(id)).unwrap().unwrap();
    row.status.is_terminal().then_some(())
}

pub(crate) fn holder(house: &House, id: ExecutionId) -> String {
    let row = house.runtime.block_on(house.storage.execution(id)).unwrap().unwrap();
    row.lease.map(|lease| lease.owner).unwrap_or_default()
}

/// Waits for so many more events and milliseconds. `false`: it has ended.
fn wait(house: &House, id: ExecutionId, random: &mut Random) -> bool {
    let target = house.last_seq(id) + random.below(14);
    while house.last_seq(id) < target {
        if is_over(house, id).is_some() {
            return false;
        }
        std::thread::sleep(LOOK);
    }
    std::thread::sleep(Duration::from_millis(random.below(40)));
    is_over(house, id).is_none()
}

/// Asks a worker that works to end; it does so with status 0. One that only starts is simply gone, as any process.
fn end(house: &House, mut worker: Worker, context: &str) {
    let name = format!("-{}-", worker.0.id());
    house.until(&mut worker.0, |house| house.said().contains(&name).then_some(()));
    crate::signals::send(&worker.0, rustix::process::Signal::TERM);
    assert_eq!(worker.0.wait().unwrap().code(), Some(0), "{context}");
}

#[test]
fn two_workers_on_sqlite_one_of_them_killed_again_and_again() {
    again_and_again(Backend::Sqlite, KILLS, one_of_two_is_killed);
}

#[test]
fn two_workers_on_postgres_one_of_them_killed_again_and_again() {
    again_and_again(Backend::Postgres, KILLS, one_of_two_is_killed);
}
