//! What comes of a call, for the record.

use crate::{FinishReason, ProviderError};
use serde::{Deserialize, Serialize};
use squad_domain::conversation::Reply;
use squad_domain::model::{ModelRef, Usage};
use squad_domain::money::MicroUsd;
use std::fmt;
use std::time::Duration;

/// One attempt at one candidate, or why it was not asked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Attempt {
    /// The candidate.
    pub model: ModelRef,
    /// What came of it.
    pub outcome: AttemptOutcome,
    /// In the provider's own words; empty for an answer.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub message: String,
    /// Milliseconds from the request to the outcome. Zero where it was not asked.
    pub latency_ms: u64,
    /// What it cost: measured for an answer, estimated for one that broke off, else nothing.
    pub cost: MicroUsd,
}

/// What came of one attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AttemptOutcome {
    /// An answer.
    Answered,
    /// Too many requests for now.
    RateLimited,
    /// The provider's own trouble.
    Unavailable,
    /// No answer in time.
    Timeout,
    /// No connection.
    Unreachable,
    /// The answer broke off.
    Truncated,
    /// Key, permission or credit.
    Refused,
    /// The request was not accepted.
    BadRequest,
    /// The conversation is longer than the model can read.
    ContextTooLong,
    /// The provider's filter withheld the answer.
    Withheld,
    /// Not asked: it failed too often just now.
    LeftAlone,
    /// Not asked: its worst case is above the ceiling.
    TooDear,
    /// The call was cancelled meanwhile.
    Cancelled,
}

impl From<&ProviderError> for AttemptOutcome {
    fn from(error: &ProviderError) -> Self {
        match error {
            ProviderError::RateLimited { .. } => Self::RateLimited,
            ProviderError::Unavailable { .. } => Self::Unavailable,
            ProviderError::Timeout { .. } => Self::Timeout,
            ProviderError::Unreachable { .. } => Self::Unreachable,
            ProviderError::Truncated { .. } => Self::Truncated,
            ProviderError::Refused { .. } => Self::Refused,
            ProviderError::BadRequest { .. } => Self::BadRequest,
            ProviderError::ContextTooLong { .. } => Self::ContextTooLong,
        }
    }
}

/// A reply, with what it took.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Completion {
    /// What the model said.
    pub reply: Reply,
    /// What the answering attempt used.
    pub usage: Usage,
    /// Whether `usage` is our estimate, because the provider told none.
    pub usage_estimated: bool,
    /// What the whole call cost, lost attempts among it.
    pub cost: MicroUsd,
    /// The candidate that answered.
    pub model: ModelRef,
    /// Every attempt, the answering one last.
    pub attempts: Vec<Attempt>,
    /// Milliseconds of the answering attempt.
    pub latency_ms: u64,
    /// Milliseconds until its first sign; `None` where it came in one piece.
    pub first_token_ms: Option<u64>,
    /// Why the model stopped.
    pub finish: FinishReason,
}

/// Nobody answered.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub struct CallFailure {
    /// Every attempt.
    pub attempts: Vec<Attempt>,
    /// What they may have cost.
    pub cost: MicroUsd,
    /// What helps.
    pub kind: FailureKind,
    /// What happened, in the providers' own words, and what to do.
    pub message: String,
}

impl fmt::Display for CallFailure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

/// What helps after a failed call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FailureKind {
    /// Time: the same call may succeed later.
    RetryLater {
        /// How long a provider asks us to wait, or how long a model is left alone.
        after: Option<Duration>,
    },
    /// A person: a key, a name, an address, a credit, or a request that no candidate accepts.
    NeedsPerson,
    /// A shorter conversation.
    ContextTooLong,
    /// A higher ceiling: what is reserved does not pay for any candidate's worst case.
    CeilingTooLow,
    /// Nothing: it was cancelled.
    Cancelled,
}
