//! Storage, on both databases.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails; helpers are part of it")]

mod common;
mod concurrency;
mod identity;
mod leases;
mod log;
mod migrations;
mod money;
mod opening;
mod outbox;
mod reads;
mod replay;
mod tenancy;
mod two_processes;
