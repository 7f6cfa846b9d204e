//! Which models to use where nobody has said so.

use crate::Environment;
use crate::adapter::default_key_env;
use squad_domain::model::{ModelRef, Purpose, RoutingProfile};
use std::collections::BTreeMap;

/// The models of one provider that suit a squad.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DefaultProvider {
    /// The provider's name.
    pub provider: &'static str,
    /// For planning, coding, reviewing and testing.
    pub usual: &'static str,
    /// For condensing: cheap.
    pub small: &'static str,
    /// For a lane that runs in circles: strong.
    pub strong: &'static str,
}

/// The providers that are looked for, best first. A test checks that every model has a price and calls tools.
pub const DEFAULT_PROVIDERS: [DefaultProvider; 6] = [
    DefaultProvider {
        provider: "anthropic",
        usual: "claude-sonnet-5-5",
        small: "claude-haiku-5-5",
        strong: "claude-opus-5-5",
    },
    DefaultProvider { provider: "openai", usual: "gpt-6.1-sol", small: "gpt-6-luna", strong: "gpt-6-astra" },
    DefaultProvider {
        provider: "gemini",
        usual: "gemini-3.8-flash",
        small: "gemini-3.5-flash-lite",
        strong: "gemini-3.1-pro-preview",
    },
    DefaultProvider {
        provider: "mistral",
        usual: "devstral-medium-latest",
        small: "mistral-small-latest",
        strong: "mistral-large-4",
    },
    DefaultProvider {
        provider: "deepseek",
        usual: "deepseek-v4-pro",
        small: "deepseek-v4-flash",
        strong: "deepseek-v4-pro",
    },
    DefaultProvider {
        provider: "groq",
        usual: "openai/gpt-oss-120b",
        small: "openai/gpt-oss-20b",
        strong: "qwen/qwen3.8-27b",
    },
];

impl DefaultProvider {
    /// The variable its key is looked up in.
    #[must_use]
    pub fn key_variable(&self) -> &'static str {
        default_key_env(self.provider).unwrap_or_default()
    }

    fn model(&self, name: &str) -> ModelRef {
        ModelRef { provider: self.provider.to_owned(), model: name.to_owned() }
    }
}

/// Candidates from every provider whose key is in the environment, so that one stands in for another. `None`: there is no
/// key at all.
#[must_use]
pub fn default_profile(env: &dyn Environment) -> Option<RoutingProfile> {
    let present: Vec<&DefaultProvider> =
        DEFAULT_PROVIDERS.iter().filter(|provider| env.secret(provider.key_variable()).is_some()).collect();
    if present.is_empty() {
        return None;
    }
    let list = |name: fn(&DefaultProvider) -> &'static str| -> Vec<ModelRef> {
        present.iter().map(|provider| provider.model(name(provider))).collect()
    };
    Some(RoutingProfile {
        default: list(|provider| provider.usual),
        purposes: BTreeMap::from([(Purpose::Summarize, list(|provider| provider.small))]),
        escalation: list(|provider| provider.strong),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::PriceBook;

    #[test]
    fn every_default_model_has_a_price_and_calls_tools() {
        let book = PriceBook::embedded();
        for provider in DEFAULT_PROVIDERS {
            assert!(!provider.key_variable().is_empty(), "{provider:?}");
            let cost = |name: &str| {
                let model = provider.model(name);
                assert_eq!(book.limits(&model).tools, Some(true), "{model}");
                book.price(&model).unwrap_or_else(|| panic!("{model} has no price")).output
            };
            assert!(
                cost(provider.small) <= cost(provider.usual),
                "{provider:?}: the small one is the cheap one"
            );
            assert!(
                cost(provider.usual) <= cost(provider.strong),
                "{provider:?}: the strong one costs at least as much"
            );
        }
    }

    #[test]
    fn the_keys_in_the_environment_choose_the_models() {
        assert_eq!(default_profile(&|_: &str| None), None);
        assert_eq!(default_profile(&|_: &str| Some(" ".to_owned())), None, "a blank key is none");
        let groq_only = |name: &str| (name == "GROQ_API_KEY").then(|| "gsk-1".to_owned());
        let profile = default_profile(&groq_only).unwrap();
        assert_eq!(profile.default, ["groq/openai/gpt-oss-120b".parse().unwrap()]);
        let all = default_profile(&|_: &str| Some("key".to_owned())).unwrap();
        assert_eq!(all.default.len(), DEFAULT_PROVIDERS.len());
        assert_eq!(all.candidates(Purpose::Summarize, false)[0].model, "claude-haiku-5-5");
        assert_eq!(all.candidates(Purpose::Code, true)[0].model, "claude-opus-5-5");
    }
}
