//! Reads what a call used, in our terms: `input` and `output` are totals, cached and reasoning tokens among them.

use serde_json::Value;
use squad_domain::model::Usage;

/// More tokens than any call can have used: what goes beyond is not a count but a bug of the server.
const MOST_TOKENS: u64 = 100_000_000;

/// From the crate's normalized form, whose input already includes Anthropic's cached tokens. `None`: nothing was told.
pub(super) fn from_genai(usage: &genai::chat::Usage) -> Option<Usage> {
    let count = |value: Option<i32>| value.map_or(Some(0), |value| u64::try_from(value).ok());
    let prompt = usage.prompt_tokens_details.as_ref();
    let completion = usage.completion_tokens_details.as_ref();
    believed(Usage {
        input: count(usage.prompt_tokens)?,
        cached_input: count(prompt.and_then(|details| details.cached_tokens))?,
        cache_write: count(prompt.and_then(|details| details.cache_creation_tokens))?,
        output: count(usage.completion_tokens)?,
        reasoning: count(completion.and_then(|details| details.reasoning_tokens))?,
    })
}

/// From the `usage` object of the OpenAI wire and its dialects. `None`: it tells nothing, or nothing that can be true.
pub(super) fn from_openai(usage: &Value) -> Option<Usage> {
    let at = |pointer: &str| count(usage.pointer(pointer));
    let first = |pointers: &[&str]| {
        let counts: Option<Vec<u64>> = pointers.iter().map(|pointer| at(pointer)).collect();
        counts.map(|counts| counts.into_iter().find(|count| *count > 0).unwrap_or(0))
    };
    let (input, output) = (at("/prompt_tokens")?, at("/completion_tokens")?);
    let reasoning = at("/completion_tokens_details/reasoning_tokens")?;
    // xAI leaves the reasoning out of `completion_tokens`; the total gives it away.
    let apart = at("/total_tokens")? == input.saturating_add(output).saturating_add(reasoning);
    believed(Usage {
        input,
        cached_input: first(&["/prompt_tokens_details/cached_tokens", "/prompt_cache_hit_tokens"])?,
        cache_write: first(&[
            "/prompt_tokens_details/cache_write_tokens",
            "/prompt_tokens_details/cache_creation_tokens",
        ])?,
        output: if apart { output.saturating_add(reasoning) } else { output },
        reasoning,
    })
}

/// A count of tokens; absent ones are zero. `None`: it is none, for example below zero.
pub(super) fn count(value: Option<&Value>) -> Option<u64> {
    match value {
        None | Some(Value::Null) => Some(0),
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "whole and in range")]
        Some(value) => value.as_u64().or_else(|| {
            let count = value.as_f64().filter(|count| count.fract() == 0.0 && (0.0..1e15).contains(count));
            count.map(|count| count as u64)
        }),
    }
}

/// The usage with its parts within their totals. `None` where it tells nothing, or nothing that can be true: then it is
/// estimated, so that a server's bug neither empties a budget nor makes a call free.
pub(super) fn believed(usage: Usage) -> Option<Usage> {
    let Usage { input, cached_input, cache_write, output, reasoning } = usage;
    if input == 0 && output == 0 {
        return None;
    }
    let counts = [input, cached_input, cache_write, output, reasoning];
    if counts.iter().any(|count| *count > MOST_TOKENS) {
        return None;
    }
    Some(Usage { input: input.max(cached_input + cache_write), output: output.max(reasoning), ..usage })
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
        let whole = json!({"prompt_tokens": 10.0, "completion_tokens": 5.0});
        assert_eq!(from_openai(&whole).unwrap().input, 10);
    }

    #[test]
    fn what_cannot_be_true_is_not_believed() {
        for count in [json!(u64::MAX), json!(-1), json!("7"), json!(1e30), json!(0.5), json!([])] {
            for place in ["prompt_tokens", "completion_tokens", "total_tokens", "prompt_cache_hit_tokens"] {
                let mut usage = json!({"prompt_tokens": 10, "completion_tokens": 5});
                usage[place] = count.clone();
                let read = from_openai(&usage);
                let harmless = place == "total_tokens" && count == json!(u64::MAX);
                assert!(read.is_none() || harmless, "{place} {count}: {read:?}");
            }
        }
        let negative = genai::chat::Usage {
            prompt_tokens: Some(-5),
            completion_tokens: Some(30),
            ..genai::chat::Usage::default()
        };
        assert_eq!(from_genai(&negative), None);
    }
}
