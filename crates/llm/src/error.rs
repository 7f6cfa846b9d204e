//! How one attempt at one provider fails.

use std::time::Duration;

/// One failed attempt. The message is in the provider's own words, without the key.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ProviderError {
    /// Too many requests or tokens for now (429).
    #[error("rate limited: {message}")]
    RateLimited {
        /// The provider's own words.
        message: String,
        /// How long the provider asks us to wait.
        retry_after: Option<Duration>,
    },
    /// The provider's own trouble (5xx, overloaded, an error inside the stream).
    #[error("the provider is unavailable: {message}")]
    Unavailable {
        /// The provider's own words.
        message: String,
        /// How long the provider asks us to wait.
        retry_after: Option<Duration>,
    },
    /// No answer, or no more of it, in time.
    #[error("no answer in time: {message}")]
    Timeout {
        /// Which wait ran out.
        message: String,
    },
    /// No connection came about.
    #[error("could not reach the provider: {message}")]
    Unreachable {
        /// Why not.
        message: String,
    },
    /// The answer broke off. Nothing of it is used, but the provider may bill it.
    #[error("the answer broke off: {message}")]
    Truncated {
        /// What was seen of the end.
        message: String,
        /// Output bytes received until then.
        received_bytes: usize,
    },
    /// The key is missing, wrong, not allowed to use the model, or out of credit.
    #[error("the provider refused: {message}")]
    Refused {
        /// The provider's own words.
        message: String,
    },
    /// The provider does not accept the request, for example because it does not know the model.
    #[error("the provider rejected the request: {message}")]
    BadRequest {
        /// The provider's own words.
        message: String,
    },
    /// The conversation is longer than the model can read: it has to be condensed.
    #[error("the conversation is too long for the model: {message}")]
    ContextTooLong {
        /// The provider's own words.
        message: String,
    },
}

impl ProviderError {
    /// Whether the same request may succeed a little later.
    #[must_use]
    pub fn is_retryable(&self) -> bool {
        match self {
            Self::RateLimited { .. }
            | Self::Unavailable { .. }
            | Self::Timeout { .. }
            | Self::Unreachable { .. }
            | Self::Truncated { .. } => true,
            Self::Refused { .. } | Self::BadRequest { .. } | Self::ContextTooLong { .. } => false,
        }
    }

    /// How long the provider asks us to wait.
    #[must_use]
    pub fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::RateLimited { retry_after, .. } | Self::Unavailable { retry_after, .. } => *retry_after,
            _ => None,
        }
    }
}
