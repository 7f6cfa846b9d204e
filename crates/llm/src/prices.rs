//! What models cost and what they can do.

use serde::Deserialize;
use squad_domain::model::{ModelRef, Price};
use squad_domain::money::MicroUsd;
use std::collections::BTreeMap;
use std::sync::LazyLock;

const TABLE: &str = include_str!("../prices.toml");

/// The dated table of prices, with what was set on top of it.
#[derive(Debug, Clone)]
pub struct PriceBook {
    as_of: String,
    free_providers: Vec<String>,
    models: BTreeMap<String, BTreeMap<String, Entry>>,
    overrides: BTreeMap<ModelRef, Price>,
}

/// What a model can take.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct ModelLimits {
    /// Most input tokens; `None`: not known.
    pub context: Option<u64>,
    /// Most output tokens; `None`: not known.
    pub max_output: Option<u32>,
    /// Whether it calls tools; `None`: not known.
    pub tools: Option<bool>,
}

/// The table is not what it should be.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the price table cannot be read: {0}")]
pub struct PriceTableError(String);

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct Table {
    as_of: String,
    #[serde(rename = "source")]
    _source: String,
    free_providers: Vec<String>,
    models: BTreeMap<String, BTreeMap<String, RawEntry>>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct RawEntry {
    input: String,
    output: String,
    cached_input: Option<String>,
    cache_write: Option<String>,
    context: u64,
    max_output: u32,
    tools: bool,
    long: Option<RawLong>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct RawLong {
    above: u64,
    input: String,
    output: String,
    cached_input: Option<String>,
    cache_write: Option<String>,
}

#[derive(Debug, Clone, Copy)]
struct Entry {
    price: Price,
    /// The price of calls with more input tokens than this.
    long: Option<(u64, Price)>,
    limits: ModelLimits,
}

impl PriceBook {
    /// The table that ships with the program.
    #[must_use]
    pub fn embedded() -> Self {
        // Every driver has a router of its own, and each would parse the table again.
        static PARSED: LazyLock<PriceBook> =
            LazyLock::new(|| PriceBook::parse(TABLE).expect("the embedded table is parsed by a test"));
        PARSED.clone()
    }

    /// A table of one's own, in the format of `prices.toml`.
    ///
    /// # Errors
    /// If it is not in that format.
    pub fn parse(text: &str) -> Result<Self, PriceTableError> {
        let table: Table = toml::from_str(text).map_err(|error| PriceTableError(error.to_string()))?;
        let mut models = BTreeMap::new();
        for (provider, rows) in table.models {
            let mut entries = BTreeMap::new();
            for (name, row) in rows {
                let entry =
                    row.read().map_err(|why| PriceTableError(format!("`{provider}/{name}`: {why}")))?;
                entries.insert(name, entry);
            }
            models.insert(provider, entries);
        }
        Ok(Self {
            as_of: table.as_of,
            free_providers: table.free_providers,
            models,
            overrides: BTreeMap::new(),
        })
    }

    /// The same table with `overrides` before it.
    #[must_use]
    pub fn with_overrides(mut self, overrides: &BTreeMap<ModelRef, Price>) -> Self {
        self.overrides.extend(overrides.iter().map(|(model, price)| (model.clone(), *price)));
        self
    }

    /// The day the table was taken, as `YYYY-MM-DD`.
    #[must_use]
    pub fn as_of(&self) -> &str {
        &self.as_of
    }

    /// What a million tokens of `model` cost; `None`: not known, which never means free.
    #[must_use]
    pub fn price(&self, model: &ModelRef) -> Option<Price> {
        self.price_for(model, 0)
    }

    /// The price of a call with `input_tokens`: some models cost more on long contexts.
    #[must_use]
    pub fn price_for(&self, model: &ModelRef, input_tokens: u64) -> Option<Price> {
        if let Some(price) = self.overrides.get(model) {
            return Some(*price);
        }
        if self.free_providers.contains(&model.provider) {
            return Some(Price::FREE);
        }
        let entry = self.entry(model)?;
        match entry.long {
            Some((above, price)) if input_tokens > above => Some(price),
            _ => Some(entry.price),
        }
    }

    /// What `model` can take.
    #[must_use]
    pub fn limits(&self, model: &ModelRef) -> ModelLimits {
        self.entry(model).map(|entry| entry.limits).unwrap_or_default()
    }

    /// Every model of the table, with its price, by provider.
    pub fn models(&self) -> impl Iterator<Item = (ModelRef, Price)> {
        self.models.iter().flat_map(|(provider, entries)| {
            entries.iter().map(|(name, entry)| {
                (ModelRef { provider: provider.clone(), model: name.clone() }, entry.price)
            })
        })
    }

    fn entry(&self, model: &ModelRef) -> Option<&Entry> {
        let provider = if model.provider == "google" { "gemini" } else { &model.provider };
        let entries = self.models.get(provider)?;
        entries.get(&model.model).or_else(|| entries.get(without_date(&model.model)?))
    }
}

impl RawEntry {
    fn read(self) -> Result<Entry, String> {
        let long = match &self.long {
            None => None,
            Some(long) => {
                Some((long.above, price(&long.input, &long.output, &long.cached_input, &long.cache_write)?))
            }
        };
        Ok(Entry {
            price: price(&self.input, &self.output, &self.cached_input, &self.cache_write)?,
            long,
            limits: ModelLimits {
                context: Some(self.context),
                max_output: Some(self.max_output),
                tools: Some(self.tools),
            },
        })
    }
}

fn price(
    input: &str,
    output: &str,
    cached_input: &Option<String>,
    cache_write: &Option<String>,
) -> Result<Price, String> {
    let usd = |text: &str| text.parse::<MicroUsd>().map_err(|error| error.to_string());
    let optional = |text: &Option<String>| text.as_deref().map(usd).transpose();
    Ok(Price {
        input: usd(input)?,
        output: usd(output)?,
        cached_input: optional(cached_input)?,
        cache_write: optional(cache_write)?,
    })
}

/// `claude-sonnet-4-5-20250929` and `gpt-4o-2024-11-20` without their dates.
fn without_date(name: &str) -> Option<&str> {
    let digits =
        |text: &str, count: usize| text.len() == count && text.bytes().all(|byte| byte.is_ascii_digit());
    let (stem, last) = name.rsplit_once('-')?;
    if digits(last, 8) {
        return Some(stem);
    }
    let (stem, month) = stem.rsplit_once('-')?;
    let (stem, year) = stem.rsplit_once('-')?;
    (digits(last, 2) && digits(month, 2) && digits(year, 4)).then_some(stem)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn model(name: &str) -> ModelRef {
        name.parse().unwrap()
    }

    fn usd(text: &str) -> MicroUsd {
        text.parse().unwrap()
    }

    #[test]
    fn the_embedded_table_is_whole() {
        let book = PriceBook::embedded();
        for provider in ["anthropic", "openai", "gemini", "groq", "mistral", "deepseek", "xai"] {
            assert!(book.models().any(|(model, _)| model.provider == provider), "{provider}");
        }
        for (model, price) in book.models() {
            assert!(price.input > MicroUsd::ZERO && price.output > MicroUsd::ZERO, "{model} is not free");
            assert!(
                price.cached_input.is_none_or(|cached| cached <= price.input),
                "{model}: caches cost less"
            );
            let limits = book.limits(&model);
            assert!(limits.context.is_some_and(|context| context >= 8_000), "{model}");
        }
        let sonnet = book.price(&model("anthropic/claude-sonnet-4-5")).unwrap();
        assert_eq!((sonnet.input, sonnet.output), (usd("3"), usd("15")));
        assert_eq!((sonnet.cached_input, sonnet.cache_write), (Some(usd("0.30")), Some(usd("3.75"))));
    }

    #[test]
    fn a_dated_name_costs_what_its_alias_costs() {
        let book = PriceBook::embedded();
        for (dated, alias) in [
            ("anthropic/claude-sonnet-4-5-20250929", "anthropic/claude-sonnet-4-5"),
            ("openai/gpt-4o-2024-11-20", "openai/gpt-4o"),
            ("google/gemini-2.5-pro", "gemini/gemini-2.5-pro"),
        ] {
            assert!(book.price(&model(alias)).is_some(), "{alias}");
            assert_eq!(book.price(&model(dated)), book.price(&model(alias)), "{dated}");
            assert_eq!(book.limits(&model(dated)), book.limits(&model(alias)), "{dated}");
        }
    }

    #[test]
    fn an_unknown_model_has_no_price_and_a_local_one_is_free_by_rule() {
        let book = PriceBook::embedded();
        for unknown in
            ["openai/gpt-99", "openai-compatible/local", "scripted/demo", "anthropic/claude-sonnet-4-5-beta"]
        {
            assert_eq!(book.price(&model(unknown)), None, "{unknown}");
        }
        assert_eq!(book.price(&model("ollama/qwen3:8b")), Some(Price::FREE));
        let own = Price { input: usd("1"), ..Price::FREE };
        let book =
            book.with_overrides(&BTreeMap::from([(model("openai/gpt-99"), own), (model("ollama/x"), own)]));
        assert_eq!(book.price(&model("openai/gpt-99")), Some(own));
        assert_eq!(book.price(&model("ollama/x")), Some(own), "what was set comes before every rule");
    }

    #[test]
    fn a_long_context_costs_what_the_provider_asks_for_it() {
        let book = PriceBook::embedded();
        let gpt = model("openai/gpt-5.5");
        assert_eq!(book.price_for(&gpt, 272_000).unwrap().input, usd("5"));
        assert_eq!(book.price_for(&gpt, 272_001).unwrap().input, usd("10"));
    }
}
