//! Storage, on both databases.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails; helpers are part of it")]

mod access;
mod common;
mod concurrency;
mod deletion;
mod feedback;
mod idempotency;
mod identity;
mod invitations;
mod leases;
mod log;
mod members_of_org;
mod messages;
mod migrations;
mod money;
mod opening;
mod outbox;
mod people;
mod projects;
mod reads;
mod replay;
mod squads;
mod tasks;
mod tenancy;
mod two_processes;
mod webhooks;
