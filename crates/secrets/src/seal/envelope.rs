//! The format, version 1. All of it is covered: no bit of it can be changed unnoticed.
//!
//! | bytes | what |
//! |---|---|
//! | 1 | version |
//! | 8 | id of the master key |
//! | 8 | fingerprint of the context |
//! | 24 + 32 + 16 | nonce, data key encrypted with the master key, tag |
//! | 24 + n + 16 | nonce, message encrypted with the data key, tag |

use super::context::{self, FINGERPRINT};
use super::{MasterKey, MasterKeyId};
use chacha20poly1305::aead::{Aead, Payload};
use chacha20poly1305::{Key, KeyInit, XChaCha20Poly1305, XNonce};
use std::collections::BTreeMap;
use zeroize::Zeroizing;

const VERSION: u8 = 1;
const ID: usize = 8;
const NONCE: usize = 24;
const KEY: usize = 32;
const TAG: usize = 16;

/// Where the wrapped data key begins.
const WRAPPED_AT: usize = 1 + ID + FINGERPRINT;

/// Where the message begins.
const MESSAGE_AT: usize = WRAPPED_AT + NONCE + KEY + TAG;

/// What keeps the two encryptions apart.
const WRAP: &[u8] = b"squad-secrets/seal/wrap/v1";
const MESSAGE: &[u8] = b"squad-secrets/seal/message/v1";

/// Why a sealed secret does not open.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum OpenError {
    /// Shorter than anything that was sealed.
    #[error("the sealed secret is cut short")]
    CutShort,
    /// Sealed by a newer version, or not sealed at all.
    #[error("the sealed secret has the unknown format {0}")]
    Version(u8),
    /// Its master key is not in the ring.
    #[error("the master key {0} is missing: add it to the old keys of the configuration")]
    UnknownKey(MasterKeyId),
    /// It was sealed for another place (another organization, table, row or column).
    #[error("the sealed secret belongs somewhere else")]
    WrongContext,
    /// It is not what was sealed.
    #[error("the sealed secret has been changed or damaged")]
    Tampered,
}

/// The master keys: one that seals, and all that open.
#[derive(Debug)]
pub struct MasterKeys {
    current: MasterKeyId,
    keys: BTreeMap<MasterKeyId, MasterKey>,
}

impl MasterKeys {
    /// A ring with the key that seals.
    #[must_use]
    pub fn new(current: MasterKey) -> Self {
        let id = current.id();
        Self { current: id, keys: BTreeMap::from([(id, current)]) }
    }

    /// Adds a key that only opens. One that is there already changes nothing.
    #[must_use]
    pub fn with_old(mut self, old: MasterKey) -> Self {
        self.keys.entry(old.id()).or_insert(old);
        self
    }

    /// The name of the key that seals.
    #[must_use]
    pub fn current(&self) -> MasterKeyId {
        self.current
    }

    /// Seals a secret for one place. The result is 129 bytes longer, and different every time.
    ///
    /// The parts of the context are told apart by their number and lengths: `["ab", "c"]` is not `["a", "bc"]`.
    ///
    /// # Panics
    ///
    /// When the operating system has no randomness, or the secret has more than 256 GiB.
    #[must_use]
    pub fn seal(&self, plain: &[u8], context: &[&[u8]]) -> Vec<u8> {
        let context = context::encode(context);
        let data_key = Zeroizing::new(crate::random::bytes::<KEY>());
        let mut sealed = Vec::with_capacity(MESSAGE_AT + NONCE + plain.len() + TAG);
        sealed.extend(self.head(&data_key, &context));
        sealed.extend(encrypt(&data_key, plain, &[MESSAGE, &context].concat()));
        sealed
    }

    /// Opens what was sealed for the same place.
    ///
    /// # Errors
    ///
    /// When it is not what was sealed, not for this place, or sealed with a key that is not in the ring.
    pub fn open(&self, sealed: &[u8], context: &[&[u8]]) -> Result<Zeroizing<Vec<u8>>, OpenError> {
        let context = context::encode(context);
        let data_key = self.data_key(sealed, &context)?;
        decrypt(&data_key, &sealed[MESSAGE_AT..], &[MESSAGE, &context].concat())
    }

    /// The same sealed secret under the current master key. The message itself stays as it is, and is not read.
    ///
    /// # Errors
    ///
    /// As [`MasterKeys::open`], except that a change of the message itself shows only when that is opened.
    ///
    /// # Panics
    ///
    /// When the operating system has no randomness.
    pub fn rewrap(&self, sealed: &[u8], context: &[&[u8]]) -> Result<Vec<u8>, OpenError> {
        let context = context::encode(context);
        let data_key = self.data_key(sealed, &context)?;
        let mut rewrapped = self.head(&data_key, &context);
        rewrapped.extend_from_slice(&sealed[MESSAGE_AT..]);
        Ok(rewrapped)
    }

    /// Whether a sealed secret is under the current master key; if not, [`MasterKeys::rewrap`] it.
    ///
    /// # Errors
    ///
    /// When it is no sealed secret of a known format.
    pub fn is_current(&self, sealed: &[u8]) -> Result<bool, OpenError> {
        Ok(key_id(sealed)? == self.current)
    }

    /// Everything before the message.
    fn head(&self, data_key: &[u8; KEY], context: &[u8]) -> Vec<u8> {
        let mut head = Vec::with_capacity(MESSAGE_AT);
        head.push(VERSION);
        head.extend(self.current.0);
        head.extend(context::fingerprint(context));
        let master = &self.keys[&self.current];
        head.extend(encrypt(master.bytes(), data_key, &[WRAP, &self.current.0, context].concat()));
        head
    }

    /// The data key of a sealed secret whose parts are all there.
    fn data_key(&self, sealed: &[u8], context: &[u8]) -> Result<Zeroizing<[u8; KEY]>, OpenError> {
        let id = key_id(sealed)?;
        let master = self.keys.get(&id).ok_or(OpenError::UnknownKey(id))?;
        if sealed[1 + ID..WRAPPED_AT] != context::fingerprint(context) {
            return Err(OpenError::WrongContext);
        }
        let wrapped = &sealed[WRAPPED_AT..MESSAGE_AT];
        let data_key = decrypt(master.bytes(), wrapped, &[WRAP, &id.0, context].concat())?;
        let data_key: [u8; KEY] = data_key.as_slice().try_into().map_err(|_| OpenError::Tampered)?;
        Ok(Zeroizing::new(data_key))
    }
}

/// The name of the master key of a sealed secret whose parts are all there.
fn key_id(sealed: &[u8]) -> Result<MasterKeyId, OpenError> {
    match sealed.first() {
        None => return Err(OpenError::CutShort),
        Some(&VERSION) => {}
        Some(&other) => return Err(OpenError::Version(other)),
    }
    if sealed.len() < MESSAGE_AT + NONCE + TAG {
        return Err(OpenError::CutShort);
    }
    Ok(MasterKeyId(*sealed[1..].first_chunk().expect("the length was checked")))
}

/// Nonce, encrypted message, tag.
fn encrypt(key: &[u8; KEY], plain: &[u8], aad: &[u8]) -> Vec<u8> {
    let nonce = crate::random::bytes::<NONCE>();
    let cipher = XChaCha20Poly1305::new(<&Key>::from(key));
    let encrypted = cipher
        .encrypt(&XNonce::from(nonce), Payload { msg: plain, aad })
        .expect("a secret is shorter than 256 GiB");
    [nonce.as_slice(), &encrypted].concat()
}

fn decrypt(key: &[u8; KEY], encrypted: &[u8], aad: &[u8]) -> Result<Zeroizing<Vec<u8>>, OpenError> {
    let (nonce, encrypted) = encrypted.split_first_chunk::<NONCE>().ok_or(OpenError::CutShort)?;
    XChaCha20Poly1305::new(<&Key>::from(key))
        .decrypt(&XNonce::from(*nonce), Payload { msg: encrypted, aad })
        .map(Zeroizing::new)
        .map_err(|_| OpenError::Tampered)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const HERE: &[&[u8]] = &[b"org-1", b"provider_keys", b"row-1", b"key"];

    fn ring() -> MasterKeys {
        MasterKeys::new(MasterKey::generate())
    }

    /// The key `00 01 … 1f`, the context `["org", "row"]`, the message `fixed`; made in Python, with the ChaCha20-Poly1305
    /// of its package `cryptography` and HChaCha20 written out, data key `64 65 …`, nonces `c8 c9 …` and `00 01 …`.
    const FIXED: &str = "\
        015f85574b853cdf92a9c6e9b2a164e483c8c9cacbcccdcecfd0d1d2d3d4d5d6d7d8d9dadbdcdddedf1d0d4ee32a1b16\
        0d34c618d930b24d106ca1b390dfe250ca5f930870633f1cbb0ad929e67ec31a35e777616ba4489baa00010203040506\
        0708090a0b0c0d0e0f1011121314151617bfbdb90cccbefcd51f14624db0221fb5c100181e04";

    /// The same key again; outside of tests nobody needs one twice.
    fn copy(key: &MasterKey) -> MasterKey {
        MasterKey::parse(&key.to_base64()).unwrap()
    }

    #[test]
    fn what_is_sealed_opens_in_its_place_and_in_no_other() {
        let ring = ring();
        let sealed = ring.seal(b"sk-live-1234", HERE);
        assert_eq!(sealed.len(), 12 + 129);
        assert_eq!(ring.open(&sealed, HERE).unwrap().as_slice(), b"sk-live-1234");
        let elsewhere: [&[&[u8]]; 6] = [
            &[b"org-2", b"provider_keys", b"row-1", b"key"],
            &[b"org-1", b"provider_keys", b"row-2", b"key"],
            &[b"org-1", b"provider_keys", b"row-1", b"name"],
            &[b"org-1", b"provider_keys", b"row-1k", b"ey"],
            &[b"org-1", b"provider_keys", b"row-1"],
            &[],
        ];
        for context in elsewhere {
            assert_eq!(ring.open(&sealed, context).unwrap_err(), OpenError::WrongContext);
            assert_eq!(ring.rewrap(&sealed, context).unwrap_err(), OpenError::WrongContext);
        }
    }

    #[test]
    fn a_forged_fingerprint_moves_no_secret() {
        let ring = ring();
        let mut sealed = ring.seal(b"sk-live-1234", HERE);
        let there: &[&[u8]] = &[b"org-2", b"provider_keys", b"row-9", b"key"];
        let own = ring.seal(b"theirs", there);
        sealed[1 + ID..WRAPPED_AT].copy_from_slice(&own[1 + ID..WRAPPED_AT]);
        assert_eq!(ring.open(&sealed, there).unwrap_err(), OpenError::Tampered);
        assert_eq!(ring.rewrap(&sealed, there).unwrap_err(), OpenError::Tampered);

        // Nor does the message alone, under a data key of the other place.
        let mut mixed = own[..MESSAGE_AT].to_vec();
        mixed.extend_from_slice(&sealed[MESSAGE_AT..]);
        assert_eq!(ring.open(&mixed, there).unwrap_err(), OpenError::Tampered);
    }

    #[test]
    fn two_seals_of_one_secret_share_nothing_that_shows() {
        let ring = ring();
        let (a, b) = (ring.seal(b"", HERE), ring.seal(b"", HERE));
        assert_ne!(a[WRAPPED_AT..MESSAGE_AT], b[WRAPPED_AT..MESSAGE_AT]);
        assert_ne!(a[MESSAGE_AT..], b[MESSAGE_AT..]);
        assert!(ring.open(&a, HERE).unwrap().is_empty());
    }

    #[test]
    fn a_rotation_leaves_the_message_alone() {
        let (old, new) = (MasterKey::generate(), MasterKey::generate());
        let before = MasterKeys::new(copy(&old));
        let sealed = before.seal(b"sk-live-1234", HERE);

        let both = MasterKeys::new(copy(&new)).with_old(copy(&old));
        assert!(!both.is_current(&sealed).unwrap());
        let rewrapped = both.rewrap(&sealed, HERE).unwrap();
        assert!(both.is_current(&rewrapped).unwrap());
        assert_eq!(rewrapped[MESSAGE_AT..], sealed[MESSAGE_AT..]);

        let after = MasterKeys::new(new);
        assert_eq!(after.open(&rewrapped, HERE).unwrap().as_slice(), b"sk-live-1234");
        assert_eq!(after.open(&sealed, HERE).unwrap_err(), OpenError::UnknownKey(old.id()));
        assert_eq!(before.open(&rewrapped, HERE).unwrap_err(), OpenError::UnknownKey(after.current()));
    }

    #[test]
    fn the_format_is_fixed() {
        let key =
            MasterKey::parse("000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f").unwrap();
        let sealed = data_encoding::HEXLOWER.decode(FIXED.as_bytes()).unwrap();
        assert_eq!(MasterKeys::new(key).open(&sealed, &[b"org", b"row"]).unwrap().as_slice(), b"fixed");
    }

    #[test]
    fn what_was_never_sealed_is_refused() {
        let ring = ring();
        assert_eq!(ring.open(b"", HERE).unwrap_err(), OpenError::CutShort);
        assert_eq!(ring.open(&[1; 128], HERE).unwrap_err(), OpenError::CutShort);
        assert_eq!(ring.open(&[2; 500], HERE).unwrap_err(), OpenError::Version(2));
        assert_eq!(ring.is_current(b"sk-live-1234").unwrap_err(), OpenError::Version(b's'));
        assert_eq!(format!("{:?}", MasterKey::generate()), "MasterKey([redacted])");
    }

    proptest! {
        #[test]
        fn any_secret_comes_back(plain in proptest::collection::vec(any::<u8>(), 0..300), part in ".{0,20}") {
            let ring = ring();
            let context: &[&[u8]] = &[b"org", part.as_bytes()];
            let opened = ring.open(&ring.seal(&plain, context), context).unwrap();
            prop_assert_eq!(opened.as_slice(), plain);
        }

        #[test]
        fn any_flipped_bit_is_refused(plain in proptest::collection::vec(any::<u8>(), 0..40), at: prop::sample::Index) {
            let ring = ring();
            let mut sealed = ring.seal(&plain, HERE);
            let bit = at.index(sealed.len() * 8);
            sealed[bit / 8] ^= 1 << (bit % 8);
            prop_assert!(ring.open(&sealed, HERE).is_err());
        }

        #[test]
        fn any_cut_is_refused(at: prop::sample::Index) {
            let ring = ring();
            let sealed = ring.seal(b"sk-live-1234", HERE);
            prop_assert!(ring.open(&sealed[..at.index(sealed.len())], HERE).is_err());
        }

        #[test]
        fn any_bytes_are_read_without_a_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            prop_assert!(ring().open(&bytes, HERE).is_err());
        }
    }
}
