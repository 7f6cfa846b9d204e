//! Keys, so wrapped that they cannot slip into a log.

use std::fmt;

const PLACEHOLDER: &str = "none";

/// A provider's key. Its only way out is [`Secret::expose`], so that every use can be found.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    /// Wraps a key. Surrounding white space, which a copied key often has, is dropped.
    #[must_use]
    pub fn new(key: &str) -> Self {
        Self(key.trim().to_owned())
    }

    /// Sent to servers that ask for no key, because the wire format wants one.
    pub(crate) fn placeholder() -> Self {
        Self(PLACEHOLDER.to_owned())
    }

    /// Whether it is no key at all.
    pub(crate) fn is_placeholder(&self) -> bool {
        self.0 == PLACEHOLDER
    }

    /// The key itself, for the request's header and nothing else.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// `text` without the key, for words of a provider that repeat it.
    #[must_use]
    pub fn redact(&self, text: &str) -> String {
        // Shorter ones are placeholders: replacing them would eat ordinary words.
        if self.0.len() < 8 { text.to_owned() } else { text.replace(&self.0, "[redacted]") }
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret([redacted])")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_shows_in_no_debug_output_and_is_taken_out_of_foreign_words() {
        let key = Secret::new(" sk-live-1234567890\n");
        assert_eq!(format!("{key:?}"), "Secret([redacted])");
        assert_eq!(key.redact("bad key sk-live-1234567890!"), "bad key [redacted]!");
        assert_eq!(Secret::placeholder().redact("none of this"), "none of this");
    }
}
