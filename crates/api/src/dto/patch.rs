//! Changes that tell "leave it" from "clear it".

use serde::{Deserialize, Deserializer};

/// For a field that `null` clears: absent is `None`, `null` is `Some(None)`. Goes with `default`.
///
/// # Errors
/// Where the value is none of its kind.
pub(crate) fn present<'de, T, D>(deserializer: D) -> Result<Option<Option<T>>, D::Error>
where
    T: Deserialize<'de>,
    D: Deserializer<'de>,
{
    Option::deserialize(deserializer).map(Some)
}
