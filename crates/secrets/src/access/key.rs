//! Ed25519 keys and their names.

use data_encoding::BASE64URL_NOPAD;
use ed25519_dalek::{Signature, Signer, SigningKey};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use std::fmt;
use zeroize::Zeroizing;

/// The name of a key: the thumbprint of its public half (RFC 7638), 43 characters of base64url. Nobody chooses it, so two
/// keys never share one.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct KeyId(String);

impl KeyId {
    /// The name as it stands in a token's header.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

/// Why bytes are no key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum KeyError {
    /// A key, private or public, has 32 bytes.
    #[error("an Ed25519 key has 32 bytes, not {0}")]
    Length(usize),
    /// The bytes are no point of the curve, or one for which anybody can sign.
    #[error("the bytes are no usable Ed25519 public key")]
    Unusable,
}

/// The half that signs. Wiped from memory when dropped; its only way out is [`PrivateKey::to_bytes`].
pub struct PrivateKey(SigningKey);

redacted_debug!(PrivateKey);

impl PrivateKey {
    /// Draws a new one.
    ///
    /// # Panics
    ///
    /// When the operating system has no randomness.
    #[must_use]
    pub fn generate() -> Self {
        Self(SigningKey::from_bytes(&Zeroizing::new(crate::random::bytes())))
    }

    /// A key from the bytes that [`PrivateKey::to_bytes`] gave.
    ///
    /// # Errors
    ///
    /// When they are not 32.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, KeyError> {
        bytes.try_into().map(Self).map_err(|_| KeyError::Length(bytes.len()))
    }

    /// The 32 bytes of the key (RFC 8032's "seed"), to be stored sealed ([`crate::seal`]) and in no other way.
    #[must_use]
    pub fn to_bytes(&self) -> Zeroizing<[u8; 32]> {
        Zeroizing::new(self.0.to_bytes())
    }

    /// The half that others may have.
    #[must_use]
    pub fn public(&self) -> PublicKey {
        PublicKey(self.0.verifying_key())
    }

    pub(super) fn sign(&self, message: &[u8]) -> [u8; 64] {
        self.0.sign(message).to_bytes()
    }
}

/// The half that verifies.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PublicKey(ed25519_dalek::VerifyingKey);

impl PublicKey {
    /// A key from the bytes that [`PublicKey::to_bytes`] gave.
    ///
    /// # Errors
    ///
    /// When they are not 32, or are no key that only its owner can sign for.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, KeyError> {
        let bytes: &[u8; 32] = bytes.try_into().map_err(|_| KeyError::Length(bytes.len()))?;
        let key = ed25519_dalek::VerifyingKey::from_bytes(bytes).map_err(|_| KeyError::Unusable)?;
        if key.is_weak() { Err(KeyError::Unusable) } else { Ok(Self(key)) }
    }

    /// The 32 bytes of the key (RFC 8032). Not a secret.
    #[must_use]
    pub fn to_bytes(&self) -> [u8; 32] {
        self.0.to_bytes()
    }

    /// Its name.
    #[must_use]
    pub fn id(&self) -> KeyId {
        // RFC 7638, section 3.2, with the members that RFC 8037, section 2, requires: in this order, without spaces.
        let members = format!(r#"{{"crv":"Ed25519","kty":"OKP","x":"{}"}}"#, self.x());
        KeyId(BASE64URL_NOPAD.encode(&Sha256::digest(members)))
    }

    /// The key as a JWK (RFC 8037), for the key set that other services fetch.
    #[must_use]
    pub fn to_jwk(&self) -> Value {
        json!({
            "kty": "OKP", "crv": "Ed25519", "x": self.x(), "kid": self.id().0, "use": "sig", "alg": "EdDSA",
        })
    }

    /// Strict: signatures that another implementation could judge differently are refused, too.
    pub(super) fn verifies(&self, message: &[u8], signature: &[u8]) -> bool {
        Signature::from_slice(signature)
            .is_ok_and(|signature| self.0.verify_strict(message, &signature).is_ok())
    }

    fn x(&self) -> String {
        BASE64URL_NOPAD.encode(self.0.as_bytes())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 8037, appendix A.1 and A.2.
    const D: &[u8] = b"nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A";
    const X: &str = "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo";

    fn key() -> PrivateKey {
        PrivateKey::from_bytes(&BASE64URL_NOPAD.decode(D).unwrap()).unwrap()
    }

    #[test]
    fn keys_and_names_are_those_of_rfc_8037() {
        let public = key().public();
        assert_eq!(public.to_jwk()["x"], X);
        // Appendix A.3.
        assert_eq!(public.id().as_str(), "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k");
    }

    #[test]
    fn signatures_are_those_of_rfc_8037() {
        // Appendix A.4 and A.5.
        let message = b"eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc";
        let signature = key().sign(message);
        assert_eq!(
            BASE64URL_NOPAD.encode(&signature),
            "hgyY0il_MGCjP0JzlnLWG1PPOt7-09PGcvMg3AIbQR6dWbhijcNR4ki4iylGjg5BhVsPt9g7sVvpAr_MuM0KAg"
        );
        assert!(key().public().verifies(message, &signature));
        assert!(!key().public().verifies(b"something else", &signature));
        assert!(!PrivateKey::generate().public().verifies(message, &signature));
    }

    #[test]
    fn a_key_survives_its_storage_and_shows_in_no_debug_output() {
        let key = PrivateKey::generate();
        let again = PrivateKey::from_bytes(&*key.to_bytes()).unwrap();
        assert_eq!(again.public(), key.public());
        assert_eq!(PublicKey::from_bytes(&key.public().to_bytes()).unwrap(), key.public());
        assert_eq!(format!("{key:?}"), "PrivateKey([redacted])");
        assert_eq!(PrivateKey::from_bytes(&[1; 31]).unwrap_err(), KeyError::Length(31));
    }

    #[test]
    fn a_public_key_for_which_anybody_can_sign_is_refused() {
        // The neutral element: a point of small order.
        let mut neutral = [0; 32];
        neutral[0] = 1;
        assert_eq!(PublicKey::from_bytes(&neutral).unwrap_err(), KeyError::Unusable);
    }
}
