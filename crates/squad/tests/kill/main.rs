//! The real program, killed, frozen, interrupted and starved at any moment: nothing is lost, and nothing that is finished
//! is done or paid twice. Model, database, git, sandbox and processes are real; only the model's words are scripted.
//!
//! Some three hundred kills in each run of the tests. `SQUAD_KILLS=5000` kills as often as that (with `cargo nextest run
//! --profile night`, which ends nothing for taking long), `SQUAD_KILL_SEED=7` begins with another seed. A failure names the seed.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod check;
mod disk;
mod folder;
mod handover;
mod house;
mod postgres;
mod random;
mod remains;
mod run;
mod scenes;
mod signals;
mod terminal;
mod workers;
