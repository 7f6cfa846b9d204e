//! What tests share: databases, fixture repositories, a virtual clock. A dev-dependency only.
//!
//! ```no_run
//! # use squad_testkit::each_database;
//! # async fn example() {
//! each_database(async |storage| {
//!     assert!(storage.executions(10, Default::default()).await.unwrap().is_empty());
//! })
//! .await;
//! # }
//! ```

mod clock;
mod database;
mod fixture_repo;
mod peers;
mod postgres;
mod spec;

pub use clock::VirtualClock;
pub use database::{Backend, TestDatabase, each_backend, each_database};
pub use fixture_repo::FixtureRepo;
pub use peers::{peer, python_peer, tracker};
pub use spec::{member_with_budget, spec};
