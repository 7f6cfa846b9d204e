//! Every provider there is, through the `genai` crate; Ollama alone is asked without it ([`ollama`]).
//!
//! `genai` shapes requests, authenticates and decodes streams. What it leaves open is here: which endpoint a provider's
//! name means ([`endpoint`]), how our conversations map to each wire ([`conversation`]), what the OpenAI and
//! Anthropic wires say beyond what the crate keeps ([`frames`], [`anthropic`]), how much of an answer is read at most ([`relay`]), and which failure is which
//! ([`failures`]).

mod answer;
mod anthropic;
mod bounds;
mod call;
mod conversation;
mod endpoint;
mod failures;
mod frames;
#[cfg(test)]
mod fuzz;
mod ollama;
mod relay;
mod think;
mod timeouts;
mod usage;

pub use call::GenaiProvider;
pub use endpoint::{Endpoint, EndpointError, known_providers};
pub(crate) use endpoint::{default_key_env, is_local};
pub use timeouts::Timeouts;
