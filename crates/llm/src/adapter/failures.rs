//! Which failure is which, from what `genai` reports.

use crate::{ProviderError, Secret};
use genai::webc::{Error as WebError, StreamTimeout};
use reqwest::StatusCode;
use reqwest::header::{DATE, HeaderMap, RETRY_AFTER};
use serde_json::Value;
use std::time::Duration;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc2822;

/// The longest piece of a provider's words that is passed on, in characters.
const LONGEST_MESSAGE: usize = 600;

/// Turns an error of the crate into ours, in the provider's own words and without the key.
pub(super) fn classify(
    error: &genai::Error,
    key: &Secret,
    base_url: &str,
    received_bytes: usize,
) -> ProviderError {
    use genai::Error as E;
    let words = |text: &str| key.redact(&own_words(text));
    match error {
        E::HttpError { status, body, headers, .. } => by_status(*status, &words(body), headers),
        E::WebStream { error, .. } => {
            if let Some(inner) = error.downcast_ref::<genai::Error>() {
                return classify(inner, key, base_url, received_bytes);
            }
            if let Some(timeout) = error.downcast_ref::<StreamTimeout>() {
                return timed_out(*timeout, received_bytes);
            }
            match error.downcast_ref::<reqwest::Error>() {
                Some(inner) => by_transport(inner, key, base_url, received_bytes),
                None => ProviderError::Truncated { message: words(&error.to_string()), received_bytes },
            }
        }
        E::WebModelCall { webc_error, .. } | E::WebAdapterCall { webc_error, .. } => match webc_error {
            WebError::ResponseFailedStatus { status, body, headers } => {
                by_status(*status, &words(body), headers)
            }
            WebError::Reqwest(inner) => by_transport(inner, key, base_url, received_bytes),
            WebError::ResponseFailedNotJson { content_type, body } => ProviderError::BadRequest {
                message: format!(
                    "`{base_url}` answered with `{content_type}` instead of JSON ({}); check the address",
                    words(body)
                ),
            },
            other => ProviderError::Truncated { message: words(&other.to_string()), received_bytes },
        },
        // An error inside a stream that had begun well, or in the body of an answer with status 200.
        E::ChatResponse { body, .. } => by_body(&words(&body.to_string()), body, received_bytes),
        E::StreamParse { serde_error, .. } => ProviderError::Truncated {
            message: format!("a piece of the answer is not JSON: {serde_error}"),
            received_bytes,
        },
        E::JsonValueExt(_)
        | E::SerdeJson(_)
        | E::InvalidJsonResponseElement { .. }
        | E::NoChatResponse { .. } => {
            ProviderError::Truncated { message: words(&error.to_string()), received_bytes }
        }
        // Holds the whole prompt: only its cause is passed on.
        E::ChatResponseGeneration { cause, .. } => {
            ProviderError::Truncated { message: words(cause), received_bytes }
        }
        E::RequiresApiKey { .. } | E::NoAuthResolver { .. } | E::NoAuthData { .. } => {
            ProviderError::Refused { message: words(&error.to_string()) }
        }
        other => ProviderError::BadRequest { message: words(&other.to_string()) },
    }
}

pub(super) fn by_status(status: StatusCode, message: &str, headers: &HeaderMap) -> ProviderError {
    let retry_after = retry_after(headers);
    let message =
        if message.is_empty() { status.to_string() } else { format!("{message} ({})", status.as_u16()) };
    let lower = message.to_lowercase();
    match status.as_u16() {
        429 if out_of_credit(&lower) => ProviderError::Refused { message },
        429 => ProviderError::RateLimited { message, retry_after },
        401..=403 => ProviderError::Refused { message },
        408 => ProviderError::Timeout { message },
        413 => ProviderError::ContextTooLong { message },
        500.. if too_long(&lower) => ProviderError::ContextTooLong { message },
        425 | 500.. => ProviderError::Unavailable { message, retry_after },
        300..=399 => ProviderError::BadRequest {
            message: format!("the server redirects elsewhere; give its final address ({message})"),
        },
        _ if too_long(&lower) => ProviderError::ContextTooLong { message },
        _ if out_of_credit(&lower) || bad_key(&lower) => ProviderError::Refused { message },
        _ => ProviderError::BadRequest { message },
    }
}

/// An error told inside the answer's body has no status of its own, but names its kind.
pub(super) fn by_body(message: &str, body: &Value, received_bytes: usize) -> ProviderError {
    let message = message.to_owned();
    let kinds: Vec<String> = ["/type", "/code", "/status", "/error/type", "/error/code", "/error/status"]
        .iter()
        .filter_map(|pointer| body.pointer(pointer))
        .map(|kind| kind.as_str().map_or_else(|| kind.to_string(), str::to_lowercase))
        .collect();
    let is = |names: &[&str]| kinds.iter().any(|kind| names.iter().any(|name| kind.contains(name)));
    let lower = message.to_lowercase();
    if too_long(&lower) || is(&["context_length"]) {
        ProviderError::ContextTooLong { message }
    } else if out_of_credit(&lower) || is(&["insufficient_quota", "authentication", "permission", "billing"])
    {
        ProviderError::Refused { message }
    } else if is(&["rate_limit", "429", "resource_exhausted"]) {
        ProviderError::RateLimited { message, retry_after: None }
    } else if is(&["invalid_request", "not_found", "400", "404"]) && received_bytes == 0 {
        ProviderError::BadRequest { message }
    } else if received_bytes > 0 {
        ProviderError::Truncated { message, received_bytes }
    } else {
        ProviderError::Unavailable { message, retry_after: None }
    }
}

pub(super) fn by_transport(
    error: &reqwest::Error,
    key: &Secret,
    base_url: &str,
    received_bytes: usize,
) -> ProviderError {
    let message = key.redact(&format!("`{base_url}`: {}", root_cause(error)));
    if error.is_timeout() && !error.is_connect() {
        ProviderError::Timeout { message }
    } else if error.is_connect() {
        ProviderError::Unreachable { message }
    } else if error.is_builder() {
        ProviderError::BadRequest { message }
    } else if received_bytes == 0 && error.is_request() {
        ProviderError::Unreachable { message }
    } else {
        ProviderError::Truncated { message, received_bytes }
    }
}

fn timed_out(timeout: StreamTimeout, received_bytes: usize) -> ProviderError {
    match timeout {
        StreamTimeout::Headers => ProviderError::Timeout { message: "the answer did not begin".to_owned() },
        StreamTimeout::Read if received_bytes > 0 => {
            ProviderError::Truncated { message: "the answer went silent".to_owned(), received_bytes }
        }
        StreamTimeout::Read => ProviderError::Timeout { message: "the answer went silent".to_owned() },
    }
}

fn root_cause(error: &reqwest::Error) -> String {
    let mut cause: &dyn std::error::Error = error;
    while let Some(deeper) = cause.source() {
        cause = deeper;
    }
    cause.to_string()
}

/// The message inside an error body, whatever the provider calls it; else the body, shortened.
pub(super) fn own_words(body: &str) -> String {
    let parsed: Option<Value> = serde_json::from_str(body.trim()).ok();
    let found = parsed.as_ref().and_then(|value| {
        // Gemini wraps its error into a list.
        let value = value.as_array().and_then(|list| list.first()).unwrap_or(value);
        ["/error/message", "/message", "/error", "/detail", "/detail/0/msg", "/error/error/message"]
            .iter()
            .find_map(|pointer| value.pointer(pointer).and_then(Value::as_str).map(str::to_owned))
    });
    let words = found.as_deref().unwrap_or(body).split_whitespace().collect::<Vec<_>>().join(" ");
    match words.char_indices().nth(LONGEST_MESSAGE) {
        Some((end, _)) => format!("{}…", &words[..end]),
        None => words,
    }
}

fn any(text: &str, phrases: &[&str]) -> bool {
    phrases.iter().any(|phrase| text.contains(phrase))
}

fn too_long(text: &str) -> bool {
    let phrases = [
        "context_length_exceeded",
        "maximum context length",
        "prompt is too long",
        "prompt too long",
        "input is too long",
        "context window",
        "available context size",
        "context size has been exceeded",
        "too many tokens",
        "exceeds the maximum number of tokens",
        "reduce the length of the messages",
    ];
    any(text, &phrases)
}

fn out_of_credit(text: &str) -> bool {
    any(
        text,
        &["insufficient_quota", "exceeded your current quota", "credit balance", "insufficient balance"],
    )
}

fn bad_key(text: &str) -> bool {
    any(text, &["api key not valid", "invalid api key", "api_key_invalid", "incorrect api key"])
}

/// How long the provider asks us to wait: seconds, milliseconds (OpenAI), or a date, read against the server's own clock,
/// so that ours does not matter.
fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok()).map(str::trim);
    if let Some(millis) = text("retry-after-ms").and_then(|value| value.parse::<f64>().ok()) {
        return Duration::try_from_secs_f64(millis / 1000.0).ok();
    }
    let value = text(RETRY_AFTER.as_str())?;
    if let Ok(seconds) = value.parse::<f64>() {
        return Duration::try_from_secs_f64(seconds).ok();
    }
    let until = OffsetDateTime::parse(value, &Rfc2822).ok()?;
    let now = OffsetDateTime::parse(text(DATE.as_str())?, &Rfc2822).ok()?;
    Some(Duration::try_from(until - now).unwrap_or(Duration::ZERO))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(pairs: &[(&'static str, &str)]) -> HeaderMap {
        pairs.iter().map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap())).collect()
    }

    #[test]
    fn retry_after_is_read_in_all_its_forms() {
        let date = ("date", "Sat, 21 Nov 2026 07:00:00 GMT");
        assert_eq!(retry_after(&headers(&[("retry-after", "7")])), Some(Duration::from_secs(7)));
        assert_eq!(retry_after(&headers(&[("retry-after-ms", "250")])), Some(Duration::from_millis(250)));
        let at = ("retry-after", "Sat, 21 Nov 2026 07:00:20 GMT");
        assert_eq!(retry_after(&headers(&[at, date])), Some(Duration::from_secs(20)));
        let past = ("retry-after", "Sat, 21 Nov 2026 06:00:00 GMT");
        assert_eq!(retry_after(&headers(&[past, date])), Some(Duration::ZERO));
        assert_eq!(retry_after(&headers(&[("retry-after", "soon")])), None);
        assert_eq!(retry_after(&headers(&[("retry-after", "-1")])), None);
    }

    #[test]
    fn a_status_and_its_words_tell_what_to_do() {
        let kind = |status: u16, body: &str| {
            let status = StatusCode::from_u16(status).unwrap();
            format!("{:?}", by_status(status, &own_words(body), &HeaderMap::new()))
                .split(' ')
                .next()
                .unwrap()
                .to_owned()
        };
        assert_eq!(kind(429, "{}"), "RateLimited");
        assert_eq!(kind(429, r#"{"error": {"message": "You exceeded your current quota"}}"#), "Refused");
        assert_eq!(kind(529, r#"{"error": {"message": "Overloaded"}}"#), "Unavailable");
        assert_eq!(kind(400, r#"{"error": {"message": "Your credit balance is too low"}}"#), "Refused");
        assert_eq!(kind(400, r#"[{"error": {"message": "API key not valid."}}]"#), "Refused");
        assert_eq!(kind(400, r#"{"error": {"message": "prompt is too long: 9 > 8"}}"#), "ContextTooLong");
        assert_eq!(kind(404, r#"{"error": "model not found"}"#), "BadRequest");
        assert_eq!(kind(403, ""), "Refused");
    }

    #[test]
    fn the_providers_own_words_are_found_and_bounded() {
        assert_eq!(own_words(r#"{"type":"error","error":{"type":"x","message":"No."}}"#), "No.");
        assert_eq!(own_words(r#"{"detail":[{"msg":"field required"}]}"#), "field required");
        assert_eq!(own_words("<html>\n  bad gateway</html>"), "<html> bad gateway</html>");
        assert!(own_words(&"ä".repeat(5000)).len() < 2000);
    }
}
