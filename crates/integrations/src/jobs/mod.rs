//! Takes jobs from the outbox and has them performed, several at once.

mod handler;
mod housekeeping;
mod runner;

pub use handler::{Attempt, Handler, Handlers};
pub use runner::{Clock, Runner, Wake};
