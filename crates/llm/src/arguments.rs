//! The arguments of a tool call from a model's text.

use serde::de::{DeserializeSeed, Error, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Number, Value};
use std::fmt;

/// Reads JSON as `serde_json` does, but refuses an object with a key twice: which of the two was meant, nobody knows.
///
/// # Errors
/// What is wrong, and where. Deeper nesting than 128 levels is an error as well.
pub fn parse_arguments(text: &str) -> Result<Value, serde_json::Error> {
    let mut source = serde_json::Deserializer::from_str(text);
    let value = Strict.deserialize(&mut source)?;
    source.end()?;
    Ok(value)
}

struct Strict;

impl<'de> DeserializeSeed<'de> for Strict {
    type Value = Value;

    fn deserialize<D: serde::Deserializer<'de>>(self, source: D) -> Result<Value, D::Error> {
        source.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Strict {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Bool(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(Value::from(value))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(Value::from(value))
    }

    fn visit_f64<E>(self, value: f64) -> Result<Value, E> {
        Ok(Number::from_f64(value).map_or(Value::Null, Value::Number))
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(Value::String(value.to_owned()))
    }

    fn visit_string<E>(self, value: String) -> Result<Value, E> {
        Ok(Value::String(value))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut entries: A) -> Result<Value, A::Error> {
        let mut list = Vec::new();
        while let Some(entry) = entries.next_element_seed(Strict)? {
            list.push(entry);
        }
        Ok(Value::Array(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Value, A::Error> {
        let mut map = Map::new();
        while let Some(key) = entries.next_key::<String>()? {
            if map.contains_key(&key) {
                let shown: String = key.chars().take(60).collect();
                return Err(A::Error::custom(format!("the key `{shown}` stands there twice")));
            }
            map.insert(key, entries.next_value_seed(Strict)?);
        }
        Ok(Value::Object(map))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_that_stands_there_twice_is_told_and_everything_else_is_read_as_usual() {
        for twice in
            [r#"{"path": "a", "path": "b"}"#, r#"{"x": [{"a": 1, "a": 1}]}"#, r#"{"a": 1, "\u0061": 2}"#]
        {
            let error = parse_arguments(twice).unwrap_err().to_string();
            assert!(error.contains("twice at line 1"), "{error}");
        }
        for usual in ["null", "[1, -2, 0.5, 1e300]", r#"{"a": {"b": "ä\u0000"}, "b": [true]}"#, "\"x\""] {
            assert_eq!(
                parse_arguments(usual).unwrap(),
                serde_json::from_str::<Value>(usual).unwrap(),
                "{usual}"
            );
        }
        for broken in ["", "{", "{} {}", "1e999", "\"\\ud800\"", &"[".repeat(10_000), "nul"] {
            assert_eq!(
                parse_arguments(broken).is_err(),
                serde_json::from_str::<Value>(broken).is_err(),
                "{broken:.20}"
            );
        }
    }
}
