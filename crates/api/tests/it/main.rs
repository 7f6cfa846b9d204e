//! The API over HTTP, on both databases.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails; helpers are part of it")]

mod account;
mod api_keys;
mod app;
mod audit_log;
mod budgets;
mod document;
mod everyone;
mod example;
mod executions;
mod feedback;
mod fuzz;
mod house;
mod identity;
mod messages;
mod organizations;
mod projects;
mod squads;
mod streams;
mod tasks;
mod tokens;
mod watch;
mod webhooks;
