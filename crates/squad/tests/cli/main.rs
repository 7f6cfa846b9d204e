//! The real program, as a person at a terminal or a script in a pipeline meets it: flags, streams, exit statuses.
//! The model is the scripted one, over HTTP; repository, sandbox, database and processes are real.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod contract;
mod garbage;
mod second_terminal;
mod server;
mod steering;
mod support;
mod terminal;
mod usage;
