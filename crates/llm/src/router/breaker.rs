//! Leaves a model alone that fails again and again.

use squad_domain::model::ModelRef;
use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;
use tokio::time::Instant;

/// One circuit breaker per provider and model.
#[derive(Debug)]
pub(super) struct Breakers {
    threshold: u32,
    cool_down: Duration,
    states: Mutex<HashMap<ModelRef, State>>,
}

#[derive(Debug, Clone, Copy)]
enum State {
    /// Failures in a row so far.
    Closed(u32),
    /// Not to be asked before then.
    OpenUntil(Instant),
    /// One attempt is out; until it is back, or this moment, nobody else asks.
    HalfOpenUntil(Instant),
}

impl Breakers {
    pub(super) fn new(threshold: u32, cool_down: Duration) -> Self {
        Self { threshold: threshold.max(1), cool_down, states: Mutex::default() }
    }

    /// Whether `model` may be asked now.
    ///
    /// # Errors
    /// With how long it is still left alone.
    pub(super) fn admit(&self, model: &ModelRef) -> Result<(), Duration> {
        let now = Instant::now();
        let mut states = self.states.lock().unwrap_or_else(PoisonError::into_inner);
        match states.get(model).copied() {
            None | Some(State::Closed(_)) => Ok(()),
            Some(State::OpenUntil(until) | State::HalfOpenUntil(until)) if now < until => Err(until - now),
            // An attempt whose lane was cancelled never reports back: after another cool-down the next one may try.
            Some(_) => {
                states.insert(model.clone(), State::HalfOpenUntil(now + self.cool_down));
                Ok(())
            }
        }
    }

    pub(super) fn succeeded(&self, model: &ModelRef) {
        self.states.lock().unwrap_or_else(PoisonError::into_inner).remove(model);
    }

    /// Returns whether the model is left alone from now on.
    pub(super) fn failed(&self, model: &ModelRef) -> bool {
        let mut states = self.states.lock().unwrap_or_else(PoisonError::into_inner);
        let failures = match states.get(model) {
            Some(State::Closed(failures)) => failures + 1,
            Some(State::OpenUntil(_) | State::HalfOpenUntil(_)) => self.threshold,
            None => 1,
        };
        let opened = failures >= self.threshold;
        let next =
            if opened { State::OpenUntil(Instant::now() + self.cool_down) } else { State::Closed(failures) };
        states.insert(model.clone(), next);
        opened
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn it_opens_after_failures_in_a_row_and_lets_one_try_after_the_cool_down() {
        let model: ModelRef = "a/b".parse().unwrap();
        let breakers = Breakers::new(3, Duration::from_secs(30));
        assert!(!breakers.failed(&model));
        breakers.succeeded(&model);
        assert!(!breakers.failed(&model) && !breakers.failed(&model), "a success starts the count anew");
        assert_eq!(breakers.admit(&model), Ok(()));
        assert!(breakers.failed(&model));
        assert_eq!(breakers.admit(&model), Err(Duration::from_secs(30)));
        tokio::time::advance(Duration::from_secs(30)).await;
        assert_eq!(breakers.admit(&model), Ok(()), "half-open");
        assert!(breakers.admit(&model).is_err(), "one at a time");
        assert!(breakers.failed(&model), "one failure opens it again");
        tokio::time::advance(Duration::from_secs(30)).await;
        assert_eq!(breakers.admit(&model), Ok(()));
        breakers.succeeded(&model);
        assert_eq!(breakers.admit(&model), Ok(()));
    }
}
