//! What these tests share.

use squad_integrations::jobs::{Clock, Handlers, Runner};
use squad_storage::Storage;
use squad_testkit::{Backend, TestDatabase, VirtualClock};
use std::sync::Arc;

pub(crate) fn clock(clock: &VirtualClock) -> Clock {
    let clock = clock.clone();
    Arc::new(move || clock.now())
}

pub(crate) fn runner(storage: &Storage, handlers: Handlers, time: &VirtualClock) -> Runner {
    Runner::new(storage.clone(), handlers, clock(time), "test")
}

/// For what does not differ between databases: the small one. It exists as long as what is returned.
pub(crate) async fn storage() -> (Storage, TestDatabase) {
    let database = TestDatabase::new(Backend::Sqlite).await;
    (database.open().await, database)
}
