//! Attacks on the real tier: every one is a command that a hostile model could run.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]
#![expect(clippy::print_stderr, reason = "a test that is skipped says so")]

mod support;

mod basics;
mod containers;
mod egress;
mod files;
mod kernel;
mod limits;
mod network;
mod ordinary_user;
mod processes;
mod tiers;
mod toolchains;
