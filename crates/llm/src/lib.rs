//! Model providers behind one trait, the router (profiles, fallback, circuit breaker), prices and cost.
//!
//! A caller describes a turn as a [`ModelRequest`], asks [`Router::quote`] what it may cost at worst, reserves that, and
//! calls [`Router::complete`]. What comes back is the reply, what it cost, and every attempt on the way, for the record.
//! Nothing here stores anything, knows budgets, or decides what to ask: see the engine and the agents for that.
//!
//! What is never found here: a key in a log, an error or a `Debug` output; a model that costs nothing because its price is
//! unknown; a reply put together from two attempts.

mod adapter;
mod arguments;
mod defaults;
mod environment;
mod error;
mod estimate;
mod prices;
mod probe;
mod provider;
mod request;
mod router;
mod secret;

pub use adapter::{Endpoint, EndpointError, GenaiProvider, Timeouts, known_providers};
pub use arguments::parse_arguments;
pub use defaults::{DEFAULT_PROVIDERS, DefaultProvider, default_profile};
pub use environment::{Environment, ProcessEnvironment};
pub use error::ProviderError;
pub use estimate::{estimate_tokens, upper_bound_tokens};
pub use prices::{ModelLimits, PriceBook, PriceTableError};
pub use probe::{Probe, ProbeOutcome, probe};
pub use provider::ModelProvider;
pub use request::{Delta, DeltaSink, FinishReason, ModelRequest, ProviderCompletion};
pub use router::{
    Attempt, AttemptOutcome, CallFailure, Completion, FailureKind, Quote, Router, RouterError, RouterOptions,
};
pub use secret::Secret;
