//! The providers' wires against a real server on loopback, and the router.

#![expect(clippy::unwrap_used, reason = "helpers of tests fail as tests do")]

mod anthropic_wire;
mod bodies;
mod failures;
mod garbage;
mod hostile;
mod openai_wire;
mod other_wires;
mod router;
mod support;
