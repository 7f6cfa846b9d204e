//! Squads as files: the format, what holds for every member, and the squads that ship.
//!
//! ```toml
//! name = "Pair"
//! description = "A developer who builds and a tech lead who plans and reviews."
//!
//! [[members]]
//! name = "Bea"
//! role = "backend_developer"
//! specialization = "rust_axum"
//! model = "anthropic/claude-sonnet-4-5"   # or `profile`, with lists per purpose
//! budget = 1.50
//! ```
//!
//! [`parse`] and [`to_toml`] are each other's inverse. A file says who is in a squad, never which squad it is: whoever
//! reads it gives it its id.

mod check;
mod dollars;
mod format;
pub mod located;
mod shipped;
#[cfg(test)]
mod tests;
mod write;

pub use check::{MemberProblem, check};
pub use dollars::Dollars;
pub use format::{Definition, LineError, parse};
pub use shipped::{KEYS, Template, shipped, template};
pub use write::to_toml;
