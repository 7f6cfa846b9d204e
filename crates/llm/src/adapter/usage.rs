//! Reads what a call used, in our terms: `input` and `output` are totals, cached and reasoning tokens among them.

use serde_json::Value;
use squad_domain::model::Usage;

/// From the crate's normalized form, whose input already includes Anthropic's cached tokens. `None`: nothing was told.
pub(super) fn from_genai(usage: &genai::chat::Usage) -> Option<Usage> {
    let count = |value: Option<i32>| value.and_then(|value| u64::try_from(value).ok());
    let (input, output) = (count(usage.prompt_tokens), count(usage.completion_tokens));
    if input.unwrap_or(0) == 0 && output.unwrap_or(0) == 0 {
        return None;
    }
    let details = usage.prompt_tokens_details.as_ref();
    let cached_input = details.and_then(|details| count(details.cached_tokens)).unwrap_or(0);
    let cache_write = details.and_then(|details| count(details.cache_creation_tokens)).unwrap_or(0);
    let reasoning =
        usage.completion_tokens_details.as_ref().and_then(|details| count(details.reasoning_tokens));
    Some(Usage {
        input: input.unwrap_or(0).max(cached_input + cache_write),
        cached_input,
        cache_write,
        output: output.unwrap_or(0).max(reasoning.unwrap_or(0)),
        reasoning: reasoning.unwrap_or(0),
    })
}

/// From the `usage` object of the OpenAI wire and its dialects. `None`: it tells nothing.
pub(super) fn from_openai(usage: &Value) -> Option<Usage> {
    let at = |pointer: &str| usage.pointer(pointer).and_then(Value::as_u64).unwrap_or(0);
    let first =
        |pointers: &[&str]| pointers.iter().map(|pointer| at(pointer)).find(|count| *count > 0).unwrap_or(0);
    let (input, output) = (at("/prompt_tokens"), at("/completion_tokens"));
    if input == 0 && output == 0 {
        return None;
    }
    let cached_input = first(&["/prompt_tokens_details/cached_tokens", "/prompt_cache_hit_tokens"]);
    let cache_write =
        first(&["/prompt_tokens_details/cache_write_tokens", "/prompt_tokens_details/cache_creation_tokens"]);
    let reasoning = at("/completion_tokens_details/reasoning_tokens");
    // xAI leaves the reasoning out of `completion_tokens`; the total gives it away.
    let output = if at("/total_tokens") == input + output + reasoning { output + reasoning } else { output };
    Some(Usage { input: input.max(cached_input + cache_write), cached_input, cache_write, output, reasoning })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn the_dialects_of_the_openai_wire_are_read() {
        let openai = json!({"prompt_tokens": 100, "completion_tokens": 20, "total_tokens": 120,
            "prompt_tokens_details": {"cached_tokens": 64}, "completion_tokens_details": {"reasoning_tokens": 12}});
        let expected = Usage { input: 100, cached_input: 64, cache_write: 0, output: 20, reasoning: 12 };
        assert_eq!(from_openai(&openai), Some(expected));
        let deepseek = json!({"prompt_tokens": 100, "completion_tokens": 1, "prompt_cache_hit_tokens": 90});
        assert_eq!(from_openai(&deepseek).unwrap().cached_input, 90);
        let xai = json!({"prompt_tokens": 10, "completion_tokens": 5, "total_tokens": 45,
            "completion_tokens_details": {"reasoning_tokens": 30}});
        assert_eq!(from_openai(&xai).unwrap().output, 35);
        assert_eq!(from_openai(&json!({})), None);
        assert_eq!(from_openai(&json!(null)), None);
    }
}
