//! Whole executions: real git, real sandbox, both databases, and a scripted model over real HTTP.

#![expect(clippy::unwrap_used, reason = "a fixture that cannot be made is a broken test")]

mod checks;
mod circles;
mod demo;
mod garbage;
mod house;
mod inputs;
mod kill;
mod known;
mod leases;
mod live;
mod mcp;
mod models;
mod money;
mod runaways;
mod scenes;
mod setup;
mod teamwork;
mod trust;
