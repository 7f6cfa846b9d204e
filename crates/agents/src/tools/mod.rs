//! The tools: what each is offered as, what a call of it means, and what performing it does.

mod arguments;
mod catalog;
mod command;
mod diff;
mod files;
mod form;
mod invocation;
mod parse;
mod paths;
mod perform;
mod submissions;
mod summary;

pub use catalog::offered;
pub use command::{bounded_output, ended};
pub(crate) use form::compiled;
pub use invocation::{Control, Invocation};
pub use parse::parse;
pub use perform::{Outcome, Surroundings, perform};
pub use summary::summary;
