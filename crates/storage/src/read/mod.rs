//! What people and the engine look up. Nothing here decides anything.

mod executions;
mod memories;
mod model_calls;
mod squads;

pub use executions::{ExecutionFilter, ExecutionRow, Lease};
pub use memories::Memory;
pub use model_calls::{CallOutcome, ModelCallRow};
pub use squads::SquadRow;
