//! Time that stands still until a test moves it, and ids that are the same in every run.

use squad_domain::Timestamp;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use time::macros::datetime;
use uuid::{Builder, Uuid};

/// A clock in the test's hand. Clones share their time.
#[derive(Debug, Clone)]
pub struct VirtualClock(Arc<Mutex<State>>);

#[derive(Debug)]
struct State {
    now: Timestamp,
    ids: u64,
}

impl Default for VirtualClock {
    fn default() -> Self {
        Self::at(datetime!(2026-01-02 03:04:05 UTC))
    }
}

impl VirtualClock {
    /// A clock that stands at `now`.
    #[must_use]
    pub fn at(now: Timestamp) -> Self {
        Self(Arc::new(Mutex::new(State { now, ids: 0 })))
    }

    /// What it shows.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        self.state(|state| state.now)
    }

    /// Moves it on; tells what it shows then.
    pub fn advance(&self, by: Duration) -> Timestamp {
        self.state(|state| {
            state.now += by;
            state.now
        })
    }

    /// The next id: a UUIDv7 of the time that it shows, and otherwise a counter.
    #[must_use]
    pub fn new_id(&self) -> Uuid {
        self.state(|state| {
            state.ids += 1;
            let mut counter = [0; 10];
            counter[2..].copy_from_slice(&state.ids.to_be_bytes());
            let milliseconds = state.now.unix_timestamp_nanos() / 1_000_000;
            let milliseconds = u64::try_from(milliseconds).expect("tests play after 1970");
            Builder::from_unix_timestamp_millis(milliseconds, &counter).into_uuid()
        })
    }

    fn state<T>(&self, act: impl FnOnce(&mut State) -> T) -> T {
        // A test that failed elsewhere does not make the time wrong.
        act(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clones_share_time_and_never_an_id() {
        let clock = VirtualClock::default();
        let other = clock.clone();
        assert_eq!(clock.advance(Duration::from_secs(60)), other.now());
        assert!(clock.new_id() < other.new_id());
    }
}
