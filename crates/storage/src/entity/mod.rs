//! Rows as SeaORM sees them. The migrations are the truth about the tables; these only name their columns.

pub(crate) mod agent_message;
pub(crate) mod budget;
pub(crate) mod execution;
pub(crate) mod job;
pub(crate) mod lane;
pub(crate) mod memory;
pub(crate) mod model_call;
pub(crate) mod question;
