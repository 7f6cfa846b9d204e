//! Money as people write it in a file.

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use squad_domain::money::MicroUsd;

/// US dollars: `2`, `2.5` or `"2.50"`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Dollars(pub MicroUsd);

impl<'de> Deserialize<'de> for Dollars {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Visitor;
        impl serde::de::Visitor<'_> for Visitor {
            type Value = Dollars;
            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("an amount in US dollars, for example 2.50")
            }
            fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<Dollars, E> {
                text.parse().map(Dollars).map_err(E::custom)
            }
            fn visit_i64<E: serde::de::Error>(self, whole: i64) -> Result<Dollars, E> {
                self.visit_str(&whole.to_string())
            }
            fn visit_u64<E: serde::de::Error>(self, whole: u64) -> Result<Dollars, E> {
                self.visit_str(&whole.to_string())
            }
            // The shortest decimal that reads back as the same number is the one that was written.
            fn visit_f64<E: serde::de::Error>(self, amount: f64) -> Result<Dollars, E> {
                self.visit_str(&amount.to_string())
            }
        }
        deserializer.deserialize_any(Visitor)
    }
}

impl Serialize for Dollars {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let micros = self.0.micros();
        let digits = format!("{}.{:06}", micros / 1_000_000, micros % 1_000_000);
        let trimmed = digits.trim_end_matches('0');
        let cents = digits.len() - 4;
        serializer.collect_str(if trimmed.len() < cents { &digits[..cents] } else { trimmed })
    }
}
