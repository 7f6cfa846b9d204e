//! What measurements share: a model that answers at once, medians with their spread, and the runs themselves.

pub mod crowd;
pub mod large;
pub mod model;
pub mod sandbox;
pub mod start;
pub mod stats;
pub mod turns;
pub mod workspace;
