//! A malicious model plays through the real tools, in whole executions; canaries stand where it must not reach.
//!
//! The tier under attack is `builtin`, unless `SQUAD_TEST_TIER` names another one; `tiers` runs all of it again in
//! containers where a Docker daemon is lent by `scripts/with-docker.sh`.

#![expect(clippy::unwrap_used, reason = "a fixture that cannot be made is a broken test")]
#![expect(clippy::print_stderr, reason = "what is skipped, and what many executions cost, is told")]

#[path = "../it/house.rs"]
#[expect(dead_code, reason = "shared with the other suite, which needs more of it")]
mod house;
#[path = "../it/live.rs"]
#[expect(dead_code, reason = "shared with the other suite, which needs more of it")]
mod live;
#[path = "../it/scenes.rs"]
#[expect(dead_code, reason = "shared with the other suite, which needs more of it")]
mod scenes;

mod arena;
mod canaries;
mod script;
mod tier;

mod gate;
mod git;
mod host;
mod injections;
mod limits;
mod many;
mod tiers;
