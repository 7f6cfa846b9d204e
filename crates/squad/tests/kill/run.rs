//! `kill -9` at random moments of a run in one process, which is taken up again each time.

use crate::check::{self, Whole};
use crate::house::{House, LOOK};
use crate::random::{Random, seed, variable};
use squad_testkit::Backend;
use std::process::Child;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// Kills of each kind (SQLite or Postgres, one process or two workers) where nobody asks for more.
pub(crate) const KILLS: u64 = 60;
/// Houses side by side: they mostly wait for leases to end.
const HOUSES: u64 = 4;

/// How many times a test disturbs: as often as usual, or its share of what was asked for.
fn times(usually: u64) -> u64 {
    variable("SQUAD_KILLS").map_or(usually, |all| (all * usually).div_ceil(4 * KILLS))
}

/// Lets `play` kill in house after house, several at once, until there were enough kills (`usually` so many). `play`
/// gets a number of its own, and gives how often it killed.
#[expect(clippy::print_stdout, reason = "how many kills there were is the first thing to ask of such a test")]
pub(crate) fn again_and_again(
    backend: Backend,
    usually: u64,
    play: impl Fn(&House, &Whole, u64) -> u64 + Sync,
) {
    let whole = undisturbed(backend);
    let (left, numbers) = (AtomicU64::new(times(usually)), AtomicU64::new(0));
    let all = AtomicU64::new(0);
    std::thread::scope(|scope| {
        for _ in 0..HOUSES {
            scope.spawn(|| {
                while left.load(Ordering::SeqCst) > 0 {
                    let number = numbers.fetch_add(1, Ordering::SeqCst);
                    let house = House::new(backend);
                    let killed = play(&house, &whole, number);
                    house.leave();
                    all.fetch_add(killed, Ordering::SeqCst);
                    // Even a run that ended before it could be killed brings the end nearer.
                    let _ = left.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |left| {
                        Some(left.saturating_sub(killed.max(1)))
                    });
                }
            });
        }
    });
    println!("{} disturbed runs, {} disturbances", numbers.into_inner(), all.into_inner());
}

pub(crate) fn undisturbed(backend: Backend) -> Whole {
    let house = House::new(backend);
    let status = house.run(&[]).status().unwrap();
    assert_eq!(status.code(), Some(0), "{}", house.said());
    let whole = check::whole(&house, house.row().unwrap().id);
    house.leave();
    whole
}

/// Waits for a random moment: so many more events, then so many milliseconds. `false`: the process ended by itself before.
pub(crate) fn moment(house: &House, child: &mut Child, random: &mut Random) -> bool {
    let mut id = house.row().map(|row| row.id);
    let mut reached = |house: &House| {
        id = id.or_else(|| house.row().map(|row| row.id));
        id.map_or(0, |id| house.last_seq(id))
    };
    let start = reached(house);
    let events = random.below(14);
    let pause = Duration::from_millis(random.below(40));
    while reached(house) < start + events {
        if child.try_wait().unwrap().is_some() {
            return false;
        }
        std::thread::sleep(LOOK);
    }
    std::thread::sleep(pause);
    child.try_wait().unwrap().is_none()
}

fn killed_and_resumed(house: &House, whole: &Whole, number: u64) -> u64 {
    let seed = seed().wrapping_add(number);
    let context = format!("SQUAD_KILL_SEED={seed}");
    let mut random = Random::new(seed);
    let mut killed = 0;
    loop {
        let started = house.row();
        let mut command = if started.is_some() { house.squad(&["resume", "--json"]) } else { house.run(&[]) };
        let mut child = command.spawn().unwrap();
        if !moment(house, &mut child, &mut random) {
            let status = child.wait().unwrap();
            assert_eq!(status.code(), Some(0), "{context}: {}", house.said());
            break;
        }
        child.kill().unwrap();
        child.wait().unwrap();
        killed += 1;
        if let Some(row) = house.row().filter(|row| row.status.is_terminal()) {
            // Killed right after the last event: whoever asks is told, and what is left over is removed.
            let status = house.squad(&["resume", &row.id.to_string()]).status().unwrap();
            assert_eq!(status.code(), Some(0), "{context}: {}", house.said());
            break;
        }
    }
    check::disturbed(house, house.row().unwrap().id, whole, &[], &context);
    killed
}

#[test]
fn killed_at_random_moments_a_run_on_sqlite_ends_as_if_nothing_had_happened() {
    again_and_again(Backend::Sqlite, KILLS, killed_and_resumed);
}

#[test]
fn killed_at_random_moments_a_run_on_postgres_ends_as_if_nothing_had_happened() {
    again_and_again(Backend::Postgres, KILLS, killed_and_resumed);
}
