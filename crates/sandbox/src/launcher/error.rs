//! Errors of the launcher: what it was doing, and what the kernel said.

use std::fmt;

/// What the launcher was doing when it failed.
#[derive(Debug, thiserror::Error)]
#[error("cannot {step}: {cause}")]
pub(crate) struct StepError {
    step: String,
    cause: String,
}

/// Names the step of a failing call.
pub(crate) trait Step<T> {
    fn step(self, step: impl Into<String>) -> Result<T, StepError>;
}

impl<T, E: fmt::Display> Step<T> for Result<T, E> {
    fn step(self, step: impl Into<String>) -> Result<T, StepError> {
        self.map_err(|cause| StepError { step: step.into(), cause: cause.to_string() })
    }
}
