//! Models by name, what they are used for, and what a call used.

use crate::money::MicroUsd;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

/// A model as people name it: `provider/model`, for example `anthropic/claude-sonnet-4-5`. The model's own name may
/// contain further slashes (`groq/openai/gpt-oss-120b`).
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct ModelRef {
    /// The provider's name, as in the configuration: `anthropic`, `openai`, `openai-compatible`, …
    pub provider: String,
    /// The model's name in the provider's own words.
    pub model: String,
}

/// A model's name without a provider, or with an empty half.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` does not name a model; write `provider/model`, for example `anthropic/claude-sonnet-4-5`")]
pub struct ParseModelError(String);

impl FromStr for ModelRef {
    type Err = ParseModelError;
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text.trim().split_once('/') {
            Some((provider, model)) if !provider.is_empty() && !model.is_empty() => {
                Ok(Self { provider: provider.to_owned(), model: model.to_owned() })
            }
            _ => Err(ParseModelError(text.to_owned())),
        }
    }
}

impl TryFrom<String> for ModelRef {
    type Error = ParseModelError;
    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

impl From<ModelRef> for String {
    fn from(model: ModelRef) -> Self {
        model.to_string()
    }
}

impl fmt::Display for ModelRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.provider, self.model)
    }
}

/// What a model call is for. A routing profile lists candidates per purpose.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Purpose {
    /// Analysing and planning.
    Plan,
    /// Writing code and answering questions about it.
    Code,
    /// Reviewing.
    Review,
    /// Testing.
    Test,
    /// Condensing older turns.
    Summarize,
    /// Embedding text.
    Embed,
}

impl fmt::Display for Purpose {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Plan => "plan",
            Self::Code => "code",
            Self::Review => "review",
            Self::Test => "test",
            Self::Summarize => "summarize",
            Self::Embed => "embed",
        })
    }
}

/// Ordered candidates per purpose: the first that is allowed and healthy is asked, the others are its fall-backs.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct RoutingProfile {
    /// For every purpose that has no list of its own.
    pub default: Vec<ModelRef>,
    /// Lists of their own.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub purposes: BTreeMap<Purpose, Vec<ModelRef>>,
    /// Candidates for a lane that runs in circles, stronger than the others. Empty: no escalation.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub escalation: Vec<ModelRef>,
}

impl RoutingProfile {
    /// The profile that always asks one model.
    #[must_use]
    pub fn single(model: ModelRef) -> Self {
        Self { default: vec![model], ..Self::default() }
    }

    /// The candidates for `purpose`, best first. With `escalated`, the stronger models come before them.
    #[must_use]
    pub fn candidates(&self, purpose: Purpose, escalated: bool) -> Vec<ModelRef> {
        let usual = self.purposes.get(&purpose).filter(|list| !list.is_empty()).unwrap_or(&self.default);
        let stronger = if escalated { self.escalation.as_slice() } else { &[] };
        let mut candidates: Vec<ModelRef> = Vec::new();
        for model in stronger.iter().chain(usual) {
            if !candidates.contains(model) {
                candidates.push(model.clone());
            }
        }
        candidates
    }
}

/// What a million tokens cost.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Price {
    /// Per million input tokens.
    pub input: MicroUsd,
    /// Per million output tokens, reasoning among them.
    pub output: MicroUsd,
    /// Per million input tokens read from the provider's cache; `None`: as input.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cached_input: Option<MicroUsd>,
    /// Per million input tokens written into the provider's cache; `None`: as input.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cache_write: Option<MicroUsd>,
}

/// Tokens that a call used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Usage {
    /// Input tokens in all, those from and into the cache among them.
    pub input: u64,
    /// Input tokens that the provider read from its cache.
    #[serde(default)]
    pub cached_input: u64,
    /// Input tokens that the provider wrote into its cache.
    #[serde(default)]
    pub cache_write: u64,
    /// Output tokens in all, reasoning among them.
    pub output: u64,
    /// Output tokens spent on reasoning.
    #[serde(default)]
    pub reasoning: u64,
}

impl Usage {
    /// Adds another call's tokens.
    pub fn add(&mut self, other: &Self) {
        let add = |sum: &mut u64, more: u64| *sum = sum.saturating_add(more);
        add(&mut self.input, other.input);
        add(&mut self.cached_input, other.cached_input);
        add(&mut self.cache_write, other.cache_write);
        add(&mut self.output, other.output);
        add(&mut self.reasoning, other.reasoning);
    }
}

impl Price {
    /// Nothing costs anything: an explicit choice, never a default.
    pub const FREE: Self =
        Self { input: MicroUsd::ZERO, output: MicroUsd::ZERO, cached_input: None, cache_write: None };

    /// The cost of `usage`, rounded up to a millionth of a dollar.
    #[must_use]
    pub fn cost(&self, usage: &Usage) -> MicroUsd {
        let cached = usage.cached_input.min(usage.input);
        let written = usage.cache_write.min(usage.input - cached);
        let plain = usage.input - cached - written;
        let parts = [
            (plain, self.input),
            (cached, self.cached_input.unwrap_or(self.input)),
            (written, self.cache_write.unwrap_or(self.input)),
            (usage.output, self.output),
        ];
        let each = parts.iter().map(|(tokens, price)| u128::from(*tokens) * u128::from(price.micros()));
        let total = each.fold(0_u128, u128::saturating_add);
        MicroUsd::from_micros(u64::try_from(total.div_ceil(1_000_000)).unwrap_or(u64::MAX))
    }
}

/// How a provider is reached. Never holds a key: only the name of the variable that does.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct ProviderEndpoint {
    /// The server's address where it is not the provider's usual one, for example `http://127.0.0.1:8080/v1`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub base_url: Option<String>,
    /// The environment variable that holds the key; `None`: the provider's usual one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub api_key_env: Option<String>,
}

/// Everything about models that an execution was started with, so that it resumes the same.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct ModelSettings {
    /// For members without a model of their own.
    pub profile: RoutingProfile,
    /// Providers whose endpoint is not the usual one.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub providers: BTreeMap<String, ProviderEndpoint>,
    /// Prices that override or extend the table, by `provider/model`.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub prices: BTreeMap<ModelRef, Price>,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn usd(text: &str) -> MicroUsd {
        text.parse().expect("an amount")
    }

    #[test]
    fn a_models_own_name_may_hold_slashes() {
        let model: ModelRef = "groq/openai/gpt-oss-120b".parse().unwrap();
        assert_eq!((model.provider.as_str(), model.model.as_str()), ("groq", "openai/gpt-oss-120b"));
        assert_eq!(model.to_string(), "groq/openai/gpt-oss-120b");
        for bad in ["gpt", "/x", "x/", ""] {
            assert!(bad.parse::<ModelRef>().is_err(), "{bad}");
        }
    }

    #[test]
    fn cached_and_written_tokens_have_their_own_price_and_every_fraction_counts() {
        let price = Price {
            input: usd("3"),
            output: usd("15"),
            cached_input: Some(usd("0.30")),
            cache_write: Some(usd("3.75")),
        };
        let usage =
            Usage { input: 1_000_000, cached_input: 400_000, cache_write: 100_000, output: 10, reasoning: 4 };
        assert_eq!(
            price.cost(&usage),
            usd("1.995150"),
            "1.5 plain + 0.12 cached + 0.375 written + 0.00015 out"
        );
        assert_eq!(price.cost(&Usage { input: 0, output: 0, ..Usage::default() }), MicroUsd::ZERO);
        let cheap = Price { input: usd("0.05"), ..price };
        assert_eq!(
            cheap.cost(&Usage { input: 1, ..Usage::default() }),
            MicroUsd::from_micros(1),
            "rounded up"
        );
    }

    #[test]
    fn escalation_comes_first_and_never_twice() {
        let model = |name: &str| -> ModelRef { name.parse().unwrap() };
        let profile = RoutingProfile {
            default: vec![model("a/small"), model("a/big")],
            purposes: BTreeMap::from([(Purpose::Review, vec![model("b/critic")])]),
            escalation: vec![model("a/big")],
        };
        assert_eq!(profile.candidates(Purpose::Code, false), [model("a/small"), model("a/big")]);
        assert_eq!(profile.candidates(Purpose::Code, true), [model("a/big"), model("a/small")]);
        assert_eq!(profile.candidates(Purpose::Review, false), [model("b/critic")]);
    }
}
