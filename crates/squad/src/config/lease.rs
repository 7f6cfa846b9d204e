//! How long a worker's hold on an execution lasts without being renewed.

use serde::{Deserialize, Deserializer, Serialize};
use std::time::Duration;

/// Below this, a machine that is merely slow would lose what it works on.
const SHORTEST: u64 = 2;
/// Above this, what a dead worker left would lie about for too long.
const LONGEST: u64 = 600;
/// As long as the engine's own.
const DEFAULT: u64 = 10;

/// Whole seconds from 2 to 600.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub(crate) struct LeaseSeconds(u64);

impl Default for LeaseSeconds {
    fn default() -> Self {
        Self(DEFAULT)
    }
}

impl LeaseSeconds {
    pub(crate) const fn duration(self) -> Duration {
        Duration::from_secs(self.0)
    }
}

impl<'de> Deserialize<'de> for LeaseSeconds {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Visitor;
        impl serde::de::Visitor<'_> for Visitor {
            type Value = LeaseSeconds;
            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                write!(f, "whole seconds from {SHORTEST} to {LONGEST}")
            }
            fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<LeaseSeconds, E> {
                let seconds = text.trim().parse().unwrap_or_default();
                if (SHORTEST..=LONGEST).contains(&seconds) {
                    Ok(LeaseSeconds(seconds))
                } else {
                    Err(E::invalid_value(serde::de::Unexpected::Str(text), &self))
                }
            }
            fn visit_i64<E: serde::de::Error>(self, seconds: i64) -> Result<LeaseSeconds, E> {
                self.visit_str(&seconds.to_string())
            }
            fn visit_u64<E: serde::de::Error>(self, seconds: u64) -> Result<LeaseSeconds, E> {
                self.visit_str(&seconds.to_string())
            }
        }
        deserializer.deserialize_any(Visitor)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Config;

    #[test]
    fn a_lease_is_neither_too_short_nor_too_long() {
        let read = |text: &str| toml::from_str::<Config>(text).map(|config| config.lease_seconds.duration());
        assert_eq!(read("").unwrap(), Duration::from_secs(10));
        assert_eq!(read("lease_seconds = 2").unwrap(), Duration::from_secs(2));
        assert_eq!(read("lease_seconds = \"30\"").unwrap(), Duration::from_secs(30));
        for bad in ["1", "0", "601", "-3", "2.5", "\"soon\"", "true"] {
            let refusal = read(&format!("lease_seconds = {bad}")).unwrap_err().to_string();
            assert!(refusal.contains("whole seconds from 2 to 600"), "{refusal}");
        }
    }
}
