//! What sender and receiver of webhooks share.

use data_encoding::BASE64;
use zeroize::Zeroizing;

const PREFIX: &str = "whsec_";

/// Bytes of a new secret.
const BYTES: usize = 32;

/// Bytes of the shortest secret that the specification allows.
const SHORTEST: usize = 24;

/// Bytes of the longest secret that the specification allows.
const LONGEST: usize = 64;

/// A secret for signing webhooks. Wiped from memory when dropped; its only way out is [`WebhookSecret::to_text`].
pub struct WebhookSecret(Zeroizing<Vec<u8>>);

redacted_debug!(WebhookSecret);

/// The text is no such secret. It repeats nothing of the text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a webhook secret is `whsec_` and {SHORTEST} to {LONGEST} bytes in base64")]
pub struct WebhookSecretError;

impl WebhookSecret {
    /// Draws a new one, of 256 bits.
    ///
    /// # Panics
    ///
    /// When the operating system has no randomness.
    #[must_use]
    pub fn generate() -> Self {
        Self(Zeroizing::new(Zeroizing::new(crate::random::bytes::<BYTES>()).to_vec()))
    }

    /// Reads a secret: `whsec_` and base64.
    ///
    /// # Errors
    ///
    /// When it is none, or shorter or longer than the specification allows.
    pub fn parse(text: &str) -> Result<Self, WebhookSecretError> {
        let encoded = text.trim().strip_prefix(PREFIX).ok_or(WebhookSecretError)?;
        let bytes = Zeroizing::new(BASE64.decode(encoded.as_bytes()).map_err(|_| WebhookSecretError)?);
        if (SHORTEST..=LONGEST).contains(&bytes.len()) { Ok(Self(bytes)) } else { Err(WebhookSecretError) }
    }

    /// The secret as text: to be shown to who set the webhook up, and to be stored sealed ([`crate::seal`]).
    #[must_use]
    pub fn to_text(&self) -> Zeroizing<String> {
        let encoded = Zeroizing::new(BASE64.encode(&self.0));
        Zeroizing::new(format!("{PREFIX}{}", *encoded))
    }

    pub(super) fn bytes(&self) -> &[u8] {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_reads_back_and_shows_in_no_debug_output() {
        let secret = WebhookSecret::generate();
        assert_eq!(WebhookSecret::parse(&secret.to_text()).unwrap().bytes(), secret.bytes());
        assert_eq!(secret.bytes().len(), 32);
        assert_eq!(format!("{secret:?}"), "WebhookSecret([redacted])");
    }

    #[test]
    fn what_is_no_secret_is_refused() {
        let short = format!("whsec_{}", BASE64.encode(&[1; 23]));
        let long = format!("whsec_{}", BASE64.encode(&[1; 65]));
        for text in
            ["", "whsec_", "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "whsec_!", short.as_str(), long.as_str()]
        {
            assert_eq!(WebhookSecret::parse(text).unwrap_err(), WebhookSecretError, "{text}");
        }
    }
}
