//! A deterministic simulation of the engine: whole executions through the real `decide`, driver, router and agents, on a
//! database, files and models in memory, with a virtual clock, while everything around them goes wrong by a seed.
//!
//! `docs/simulation.md` says what is simulated, what must hold, and how to play a seed again.

mod boundaries;
mod conformance;
mod connection;
mod database;
mod disk;
mod hands;
mod model;
mod outside;
mod person;
mod play;
mod plot;
mod process;
mod random;
mod script;
mod seeds;
mod steps;
mod tools;
mod verdict;
mod watch;
mod weather;
mod world;

use std::sync::{Mutex, MutexGuard, PoisonError};

/// What the mutex guards; a step that panicked elsewhere does not make it wrong.
fn guard<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
