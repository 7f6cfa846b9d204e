//! Drives executions: what people ask for becomes events, what the log decides becomes effects, and their outcomes
//! become events again.
//!
//! Nothing here holds SQL or names HTTP; no tool runs outside a sandbox; no step begins before the log says so.

mod changes;
mod clock;
mod collaboration;
mod delegation;
mod drive;
mod driver;
mod engine;
mod error;
mod feed;
mod input;
mod inspect;
mod outside;
mod perform;
mod place;
mod prices;
pub mod report;
mod shared;
#[cfg(test)]
mod sim;
mod store;
mod workspaces;

pub use changes::Changes;
pub use clock::{Clock, SystemClock};
pub use driver::{DriveEnd, DriveOptions};
pub use engine::{Engine, EngineConfig};
pub use error::EngineError;
pub use feed::LiveText;
pub use input::Input;
pub use inspect::{Inspection, SuggestedCommand};
pub use place::{Place, place};
pub use prices::check_prices;
