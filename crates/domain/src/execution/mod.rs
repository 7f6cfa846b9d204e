//! An execution: the events that make it up, the state they fold into, and what to do next.
//!
//! ```text
//! state = fold(apply, events)      apply  — `state`
//! steps = decide(state)            decide — `decide`
//! ```
//!
//! A driver performs the steps and appends their outcomes as events; that is all it may do. Both functions are pure,
//! so a killed driver loses nothing that was appended, and repeats nothing that was finished.

pub mod decide;
pub mod event;
pub mod guard;
pub mod lane;
pub mod spec;
pub mod state;
pub mod status;
pub mod subtask;
mod wording;

pub use decide::{Step, decide};
pub use event::{Event, EventBody, NewEvent};
pub use lane::{Lane, LanePhase};
pub use spec::ExecutionSpec;
pub use state::{ApplyError, ExecutionState};
pub use status::Status;
pub use subtask::{SubtaskStage, SubtaskState};
