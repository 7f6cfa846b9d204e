//! What an execution *is*: ids, money, members, events, the fold over them, and what to do next.
//!
//! Everything here is pure: no IO, no clock, no randomness, no async. Time and ids come in as values. That is what lets
//! the log be the single truth: the same events always fold into the same state, and the same state always decides the
//! same steps, on any machine and in any test.

pub mod board;
pub mod conversation;
pub mod duty;
pub mod execution;
pub mod ids;
pub mod mcp;
pub mod member;
pub mod message;
pub mod model;
pub mod money;
pub mod permission;
pub mod plan;
pub mod question;
pub mod review;
pub mod role;
mod sameness;
pub mod squad;
pub mod task;
pub mod tests_run;
pub mod tool;
pub mod webhook_event;

/// A moment in UTC. Comes from the injected clock, never from the machine directly.
pub type Timestamp = time::OffsetDateTime;
