//! From what a model wrote to arguments that fit a tool's schema, or to words by which it can mend them.
//!
//! Harmless slips are put right on the way: numbers and booleans written as texts, one entry where a list is wanted,
//! `null` for "left out", further keys, the usual spellings of an enumeration's words.

use jsonschema::error::{TypeKind, ValidationErrorKind};
use serde_json::{Map, Value};

use super::form::Form;
use crate::text::one_line;

/// More errors than this are mended in the next round.
const ERRORS_TOLD: usize = 5;

/// The arguments of a call, fit for the tool's schema.
///
/// # Errors
/// What the model is told.
pub(super) fn fit(form: &Form<'_>, given: &Value) -> Result<Value, String> {
    let Form { schema, validator, .. } = *form;
    let mut arguments = Value::Object(object(form, given)?);
    // Schemas of others may mean anything by `null` and by further keys: what fits them is left as it is.
    if !form.ours && validator.is_valid(&arguments) {
        return Ok(arguments);
    }
    let keys: Vec<String> = arguments.as_object().into_iter().flat_map(Map::keys).cloned().collect();
    mend(&mut arguments, schema);
    let problems: Vec<String> =
        validator.iter_errors(&arguments).map(|error| problem(&error)).take(ERRORS_TOLD).collect();
    if problems.is_empty() {
        return Ok(arguments);
    }
    let known = |key: &String| schema["properties"].get(key).is_some();
    let strangers: Vec<String> =
        keys.iter().filter(|key| !known(key)).take(5).map(|key| quoted(key)).collect();
    let hint = if strangers.is_empty() {
        String::new()
    } else {
        format!("; not an argument: {}", strangers.join(", "))
    };
    Err(format!(
        "the arguments do not fit, nothing was done: {}{hint}; expected: {}",
        problems.join("; "),
        form.signature()
    ))
}

/// The object that the model wrote, in whatever wrapping.
fn object(form: &Form<'_>, given: &Value) -> Result<Map<String, Value>, String> {
    let wrong = |what: &str| {
        Err(format!(
            "the arguments must be one JSON object, not {what}; nothing was done; expected: {}",
            form.signature()
        ))
    };
    match given {
        Value::Object(map) => Ok(map.clone()),
        Value::Null => Ok(Map::new()),
        Value::String(text) if text.trim().is_empty() => Ok(Map::new()),
        Value::String(text) => match squad_llm::parse_arguments(text) {
            Ok(Value::Object(map)) => Ok(map),
            Ok(Value::Null) => Ok(Map::new()),
            Ok(other) => wrong(kind_of(&other)),
            Err(error) => Err(broken(form, text, &error)),
        },
        other => wrong(kind_of(other)),
    }
}

/// What is wrong with a text that is no JSON, and where.
fn broken(form: &Form<'_>, text: &str, error: &serde_json::Error) -> String {
    let at = offset(text, error.line(), error.column());
    let before: String = text[..at].chars().rev().take(40).collect::<Vec<_>>().into_iter().rev().collect();
    let after = one_line(&text[at..].chars().take(20).collect::<String>(), 30);
    let advice = if error.is_eof() {
        "they break off, so your reply may have reached its limit of tokens: call the tool again with less at once, and write a long file in parts"
    } else if error.is_data() {
        "give every argument once"
    } else {
        "escape quotes, backslashes and line breaks inside of texts"
    };
    format!(
        "the arguments are not valid JSON, nothing was done: {error}, after `{}`{}; {advice}; expected: {}",
        one_line(&before, 60),
        if after.is_empty() { String::new() } else { format!(" and before `{after}`") },
        form.signature()
    )
}

/// The byte at `line` and `column` as `serde_json` counts them: both from 1, columns in bytes.
fn offset(text: &str, line: usize, column: usize) -> usize {
    let start: usize = text.split_inclusive('\n').take(line.saturating_sub(1)).map(str::len).sum();
    let at = (start + column.saturating_sub(1)).min(text.len());
    (0..=at).rev().find(|at| text.is_char_boundary(*at)).unwrap_or(0)
}

/// Puts harmless slips right, by what the schema wants at each place.
fn mend(value: &mut Value, schema: &Value) {
    match schema["type"].as_str() {
        Some("object") => mend_object(value, schema),
        Some("array") => {
            match value {
                Value::String(text) => {
                    // A list written as a text, or the only entry of one.
                    match serde_json::from_str::<Value>(text) {
                        Ok(list @ Value::Array(_)) => *value = list,
                        _ if text.trim().is_empty() => *value = Value::Array(Vec::new()),
                        _ if schema["items"]["type"] == "string" => *value = Value::Array(vec![value.take()]),
                        _ => {}
                    }
                }
                Value::Object(_) if schema["items"]["type"] == "object" => {
                    *value = Value::Array(vec![value.take()]);
                }
                _ => {}
            }
            if let Value::Array(entries) = value {
                entries.retain(|entry| !entry.is_null());
                entries.iter_mut().for_each(|entry| mend(entry, &schema["items"]));
            }
        }
        Some("string") => mend_text(value, schema),
        Some("integer") => {
            let whole = match value {
                Value::String(text) => text.trim().parse::<i64>().ok(),
                #[expect(clippy::cast_possible_truncation, reason = "checked to be whole and small")]
                Value::Number(number) => number
                    .as_f64()
                    .filter(|n| !number.is_i64() && n.fract() == 0.0 && n.abs() < 1e15)
                    .map(|n| n as i64),
                _ => None,
            };
            if let Some(whole) = whole {
                *value = Value::from(whole);
            }
        }
        Some("boolean") => {
            let meant = match value {
                Value::String(text) => match text.trim().to_ascii_lowercase().as_str() {
                    "true" | "yes" | "1" => Some(true),
                    "false" | "no" | "0" | "" => Some(false),
                    _ => None,
                },
                _ => None,
            };
            if let Some(meant) = meant {
                *value = Value::Bool(meant);
            }
        }
        _ => {}
    }
}

fn mend_object(value: &mut Value, schema: &Value) {
    if let Value::String(text) = value
        && let Ok(inner @ Value::Object(_)) = serde_json::from_str::<Value>(text)
    {
        *value = inner;
    }
    let (Some(map), Some(properties)) = (value.as_object_mut(), schema["properties"].as_object()) else {
        return;
    };
    // A further key, and `null` for "left out", mean nothing.
    let closed = schema["additionalProperties"] == false;
    map.retain(|key, value| !value.is_null() && (!closed || properties.contains_key(key)));
    for (key, schema) in properties {
        if let Some(value) = map.get_mut(key) {
            mend(value, schema);
        } else if let Some(default) = schema.get("default") {
            map.insert(key.clone(), default.clone());
        }
    }
}

fn mend_text(value: &mut Value, schema: &Value) {
    if let Value::Number(number) = value {
        *value = Value::String(number.to_string());
    }
    let (Some(text), Some(options)) = (value.as_str(), schema["enum"].as_array()) else { return };
    let options: Vec<&str> = options.iter().filter_map(Value::as_str).collect();
    if options.contains(&text) {
        return;
    }
    if let Some(meant) = meant(text, &options) {
        *value = Value::String(meant);
    }
}

/// The word of an enumeration that was meant: a verdict in another form.
fn meant(text: &str, options: &[&str]) -> Option<String> {
    let plain: String = text
        .trim()
        .to_ascii_lowercase()
        .chars()
        .map(|c| if c.is_ascii_alphanumeric() { c } else { '_' })
        .collect();
    let word = match plain.as_str() {
        "approved" | "approves" | "lgtm" => "approve",
        "changes_requested" | "request_change" | "requested_changes" | "reject" | "rejected" => {
            "request_changes"
        }
        "passed" | "passes" | "success" => "pass",
        "failed" | "fails" | "failure" => "fail",
        other => other,
    };
    options.contains(&word).then(|| word.to_owned())
}

/// Where and why a value does not fit: ``subtasks[1].title: expected a string, got 3``.
fn problem(error: &jsonschema::ValidationError<'_>) -> String {
    let place = place(&error.instance_path().to_string());
    let reason = match error.kind() {
        ValidationErrorKind::Required { property } => {
            let name = property.as_str().unwrap_or_default();
            let path = if place.is_empty() { name.to_owned() } else { format!("{place}.{name}") };
            return format!("`{path}` is missing");
        }
        ValidationErrorKind::Type { kind: TypeKind::Single(wanted) } => {
            format!("expected {}, got {}", article(&wanted.to_string()), got(error.instance()))
        }
        ValidationErrorKind::Enum { options } => {
            let words = options.as_array().into_iter().flatten().filter_map(Value::as_str);
            let words: Vec<String> = words.map(quoted).collect();
            format!("expected one of {}, got {}", words.join(", "), got(error.instance()))
        }
        _ => error.masked().to_string(),
    };
    if place.is_empty() { reason } else { format!("`{place}`: {reason}") }
}

/// `/subtasks/1/title` as people write it: `subtasks[1].title`.
fn place(pointer: &str) -> String {
    let mut place = String::new();
    for part in pointer.split('/').skip(1) {
        if part.bytes().all(|byte| byte.is_ascii_digit()) {
            place.push_str(&format!("[{part}]"));
        } else {
            if !place.is_empty() {
                place.push('.');
            }
            place.push_str(part);
        }
    }
    place
}

fn got(value: &Value) -> String {
    match value {
        Value::Object(_) | Value::Array(_) => kind_of(value).to_owned(),
        other => one_line(&other.to_string(), 60),
    }
}

fn kind_of(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "a boolean",
        Value::Number(_) => "a number",
        Value::String(_) => "a string",
        Value::Array(_) => "a list",
        Value::Object(_) => "an object",
    }
}

fn article(kind: &str) -> String {
    match kind {
        "integer" => "a whole number".to_owned(),
        "array" => "a list".to_owned(),
        "object" => "an object".to_owned(),
        other => format!("a {other}"),
    }
}

fn quoted(word: &str) -> String {
    format!("`{}`", one_line(word, 40))
}
