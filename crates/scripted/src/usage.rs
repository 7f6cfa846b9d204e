//! How many tokens a request and its answer count for.

use serde_json::Value;

use crate::scenario::UsageOverride;

/// Bytes of JSON that count as one token: the usual rule of thumb for English text and code.
const BYTES_PER_TOKEN: u64 = 4;

/// The size of a request in bytes, and of two of its prefixes.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Weight {
    /// The whole request: tools, system prompt and messages.
    total: u64,
    /// What must have been sent before: everything ahead of the last assistant message.
    sent_before: u64,
    /// What the client wants cached; all of it where the format caches by itself.
    cacheable: u64,
}

impl Weight {
    /// Weighs a request's parts, in the order in which a provider caches them. The flag tells an assistant message.
    /// Where `marks` is set, a part is cacheable only up to the last one that carries `cache_control`.
    pub(crate) fn of<'a>(parts: impl Iterator<Item = (&'a Value, bool)>, marks: bool) -> Self {
        let mut weight = Self::default();
        for (part, is_answer) in parts {
            if is_answer {
                weight.sent_before = weight.total;
            }
            let json = part.to_string();
            weight.total += json.len() as u64;
            // Quotes inside of strings are escaped in JSON, so only a real key looks like this.
            if !marks || json.contains(r#""cache_control":{"#) {
                weight.cacheable = weight.total;
            }
        }
        weight
    }
}

/// Token counts of one answer. The input splits into `cached`, `written` and the rest.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Usage {
    /// All input tokens, cached or not.
    pub(crate) input: u64,
    /// Of these, read from the cache.
    pub(crate) cached: u64,
    /// Of these, written to the cache (the Anthropic format bills them apart).
    pub(crate) written: u64,
    pub(crate) output: u64,
}

impl Usage {
    /// Estimates the usage of a request of this weight whose answer has so many bytes.
    pub(crate) fn estimate(weight: Weight, answer_bytes: usize, given: UsageOverride) -> Self {
        let tokens = |bytes: u64| bytes.div_ceil(BYTES_PER_TOKEN);
        let input = given.input.unwrap_or_else(|| tokens(weight.total));
        let before = tokens(weight.sent_before.min(weight.cacheable));
        let cached = given.cached.unwrap_or(before).min(input);
        let written = tokens(weight.cacheable).min(input).saturating_sub(cached);
        let output = given.output.unwrap_or_else(|| tokens(answer_bytes as u64).max(1));
        Self { input, cached, written, output }
    }
}
