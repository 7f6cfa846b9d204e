//! The live streams: of an execution, of a squad, of an organization. A watcher that comes back with the last id it saw
//! goes on right after it; what it gets is always read from the log, so nothing that restarts loses or repeats an event.
//!
//! ```text
//! hub      one reader of the log per organization that is watched here; keeps its newest events
//! reader   one watcher's place in the log: first from the database, then from the hub
//! sse      Server-Sent Events                socket   the same over WebSocket
//! ```

mod hub;
mod reader;
mod socket;
mod sse;

pub(crate) use hub::Hub;
pub(crate) use reader::{Reader, Watcher};
pub(crate) use socket::socket;
pub(crate) use sse::{events, placed};
