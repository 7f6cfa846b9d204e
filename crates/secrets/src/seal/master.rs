//! The keys that everything else is sealed with. Only the operator has them; they are in no database.

use data_encoding::{BASE64, BASE64_NOPAD, BASE64URL, BASE64URL_NOPAD, HEXLOWER_PERMISSIVE};
use sha2::{Digest, Sha256};
use std::fmt;
use zeroize::Zeroizing;

/// Keeps these hashes apart from all others.
const DOMAIN: &[u8] = b"squad-secrets/seal/master-key-id/v1";

/// Fewer different bytes than this in a key of 32 is no random one: a random key has so few with a chance under 2^-100.
const DISTINCT_BYTES: usize = 8;

/// A master key of 32 bytes. Wiped from memory when dropped; its only way out is [`MasterKey::to_base64`].
pub struct MasterKey(Zeroizing<[u8; 32]>);

redacted_debug!(MasterKey);

/// The name of a master key: the front of a hash of it. Nobody chooses it, so a key never opens under a wrong name.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct MasterKeyId(pub(super) [u8; 8]);

impl fmt::Display for MasterKeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&HEXLOWER_PERMISSIVE.encode(&self.0))
    }
}

impl fmt::Debug for MasterKeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "MasterKeyId({self})")
    }
}

/// Why a text is no master key. It repeats nothing of the text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum MasterKeyError {
    /// Not 32 bytes in base64 or hexadecimal.
    #[error(
        "a master key is 32 random bytes in base64 or hexadecimal, for example from `openssl rand -base64 32`"
    )]
    Format,
    /// All zeros, a repetition, or something else that nobody drew.
    #[error("this master key is not random: make one with `openssl rand -base64 32`")]
    NotRandom,
}

impl MasterKey {
    /// Draws a new one.
    ///
    /// # Panics
    ///
    /// When the operating system has no randomness.
    #[must_use]
    pub fn generate() -> Self {
        Self(Zeroizing::new(crate::random::bytes()))
    }

    /// Reads a key: base64 (either alphabet, with or without padding) or 64 hexadecimal digits. White space around it does
    /// not count.
    ///
    /// # Errors
    ///
    /// When it is no key, or one that was not drawn at random.
    pub fn parse(text: &str) -> Result<Self, MasterKeyError> {
        let text = text.trim().as_bytes();
        let decoded = if text.len() == 64 {
            HEXLOWER_PERMISSIVE.decode(text).ok()
        } else {
            [BASE64, BASE64_NOPAD, BASE64URL, BASE64URL_NOPAD].iter().find_map(|form| form.decode(text).ok())
        };
        let bytes = Zeroizing::new(decoded.ok_or(MasterKeyError::Format)?);
        let bytes: [u8; 32] = bytes.as_slice().try_into().map_err(|_| MasterKeyError::Format)?;
        let key = Self(Zeroizing::new(bytes));
        if key.0.iter().collect::<std::collections::HashSet<_>>().len() < DISTINCT_BYTES {
            return Err(MasterKeyError::NotRandom);
        }
        Ok(key)
    }

    /// The key as text, for the operator to keep: 44 characters of base64.
    #[must_use]
    pub fn to_base64(&self) -> Zeroizing<String> {
        Zeroizing::new(BASE64.encode(&*self.0))
    }

    /// Its name.
    #[must_use]
    pub fn id(&self) -> MasterKeyId {
        let digest: [u8; 32] =
            Sha256::new().chain_update(DOMAIN).chain_update(self.0.as_slice()).finalize().into();
        MasterKeyId(*digest.first_chunk().expect("32 bytes have a front of 8"))
    }

    pub(super) fn bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_read_in_every_form_in_which_it_is_written() {
        let hex = "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1efb";
        let id = MasterKey::parse(hex).unwrap().id();
        for text in [
            "000102030405060708090A0B0C0D0E0F101112131415161718191A1B1C1D1EFB",
            "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHvs=",
            "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHvs",
            "  AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHvs=\n",
        ] {
            assert_eq!(MasterKey::parse(text).unwrap().id(), id, "{text}");
        }
        let key = MasterKey::generate();
        assert_eq!(MasterKey::parse(&key.to_base64()).unwrap().id(), key.id());
        assert_ne!(MasterKey::generate().id(), key.id());
    }

    #[test]
    fn what_is_no_key_is_refused_without_being_repeated() {
        for text in [
            "",
            "changeme",
            "hunter2hunter2hunter2hunter2hunter2",
            "AAECAwQ=",
            "zz0102030405060708090a0b0c0d0e0f",
        ] {
            let error = MasterKey::parse(text).unwrap_err();
            assert_eq!(error, MasterKeyError::Format, "{text}");
            assert!(text.is_empty() || !error.to_string().contains(text));
        }
        assert_eq!(MasterKey::parse(&"0".repeat(64)).unwrap_err(), MasterKeyError::NotRandom);
        assert_eq!(MasterKey::parse(&"c0ffee".repeat(11)[..64]).unwrap_err(), MasterKeyError::NotRandom);
        assert_eq!(format!("{:?}", MasterKey::generate()), "MasterKey([redacted])");
    }
}
