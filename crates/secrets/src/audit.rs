//! The hash chain of an append-only audit log: each entry's hash covers the one before, so that nothing in the middle can
//! be changed, removed, added or moved unnoticed.
//!
//! What a chain alone cannot show is that its end was cut off, or that all of it was written anew by somebody who can
//! write the table. Against both, its last hash and its length are kept where that somebody cannot write: in an export, or
//! in what the operator's monitoring was told.

use data_encoding::HEXLOWER;
use sha2::{Digest, Sha256};
use std::fmt;

/// Keeps these hashes apart from all others.
const DOMAIN: &[u8] = b"squad-secrets/audit/v1";

/// The hash of an entry and of all that came before it. Not a secret.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Hash([u8; 32]);

impl Hash {
    /// A hash as it was stored: 32 bytes.
    #[must_use]
    pub fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// The 32 bytes to store.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

impl fmt::Display for Hash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&HEXLOWER.encode(&self.0))
    }
}

impl fmt::Debug for Hash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Hash({self})")
    }
}

/// The first entry whose hash is not the one that follows from it and from those before.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "the audit log is broken at entry {index} of those that were read: it, or what comes before it, was changed"
)]
pub struct Broken {
    /// Its place among the entries that were given, from 0.
    pub index: usize,
}

/// One log's chain. Its name is part of every hash, so that entries of one log do not fit into another.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Chain {
    start: Hash,
}

impl Chain {
    /// The chain of the log with this name, for example the 16 bytes of the organization's id.
    #[must_use]
    pub fn new(name: &[u8]) -> Self {
        let digest = Sha256::new().chain_update(DOMAIN).chain_update([0]).chain_update(name);
        Self { start: Hash(digest.finalize().into()) }
    }

    /// The hash of an entry that follows on `previous`; `None` for the first. The same entry must always come as the same
    /// bytes: canonical JSON, with sorted names.
    #[must_use]
    pub fn next(&self, previous: Option<Hash>, entry: &[u8]) -> Hash {
        // Of fixed length before the entry, and the entry to the end: no two inputs are the same bytes.
        let previous = previous.unwrap_or(self.start);
        let digest = Sha256::new().chain_update(DOMAIN).chain_update([1]).chain_update(previous.0);
        Hash(digest.chain_update(entry).finalize().into())
    }

    /// Checks entries in their order, each with its stored hash, and gives back the last hash: for the next page as
    /// `previous`, or to be compared with the one that was kept elsewhere. `previous` is `None` for the first page.
    ///
    /// # Errors
    ///
    /// Where the chain breaks first.
    pub fn verify<'a>(
        &self,
        previous: Option<Hash>,
        entries: impl IntoIterator<Item = (&'a [u8], Hash)>,
    ) -> Result<Option<Hash>, Broken> {
        let mut last = previous;
        for (index, (entry, stored)) in entries.into_iter().enumerate() {
            if self.next(last, entry) != stored {
                return Err(Broken { index });
            }
            last = Some(stored);
        }
        Ok(last)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    type Entry = (&'static [u8], Hash);

    fn chain() -> Chain {
        Chain::new(b"org-1")
    }

    fn log() -> Vec<Entry> {
        let mut last = None;
        let entries: [&[u8]; 4] = [br#"{"n":1}"#, br#"{"n":2}"#, br#"{"n":3}"#, br#"{"n":4}"#];
        entries
            .map(|entry| {
                let hash = chain().next(last, entry);
                last = Some(hash);
                (entry, hash)
            })
            .to_vec()
    }

    fn broken_at(log: Vec<Entry>) -> Option<usize> {
        chain().verify(None, log).err().map(|broken| broken.index)
    }

    #[test]
    fn a_log_as_it_was_written_holds_whole_and_page_by_page() {
        let log = log();
        let last = log[3].1;
        assert_eq!(chain().verify(None, log.clone()), Ok(Some(last)));
        let page = chain().verify(None, log[..2].to_vec()).unwrap();
        assert_eq!(chain().verify(page, log[2..].to_vec()), Ok(Some(last)));
        assert_eq!(chain().verify(None, []), Ok(None));
    }

    #[test]
    fn a_changed_entry_shows() {
        let mut log = log();
        log[1].0 = br#"{"n":9}"#;
        assert_eq!(broken_at(log.clone()), Some(1));
        // Also to somebody who computes its hash anew, unless they write all that follows.
        log[1].1 = chain().next(Some(log[0].1), log[1].0);
        assert_eq!(broken_at(log), Some(2));
    }

    #[test]
    fn a_removed_entry_shows_wherever_it_was_except_at_the_end() {
        for at in 0..3 {
            let mut log = log();
            log.remove(at);
            assert_eq!(broken_at(log), Some(at));
        }
        let mut cut = log();
        cut.pop();
        let last = chain().verify(None, cut).unwrap();
        assert_ne!(last, Some(log()[3].1), "only the hash that was kept elsewhere tells");
    }

    #[test]
    fn entries_that_change_places_show() {
        for at in 0..3 {
            let mut log = log();
            log.swap(at, at + 1);
            assert_eq!(broken_at(log), Some(at));
        }
    }

    #[test]
    fn an_added_entry_shows() {
        for at in 0..4 {
            let mut log = log();
            log.insert(at, log[at]);
            let added = broken_at(log.clone());
            assert_eq!(added, Some(at + 1), "twice the same");
            log[at].0 = br#"{"n":0}"#;
            assert_eq!(broken_at(log), Some(at));
        }
    }

    #[test]
    fn entries_of_one_log_do_not_fit_into_another() {
        assert_eq!(Chain::new(b"org-2").verify(None, log()), Err(Broken { index: 0 }));
    }

    #[test]
    fn the_hashes_are_fixed() {
        // python3 -c "from hashlib import sha256 as h; d = b'squad-secrets/audit/v1'
        // print(h(d + b'\1' + h(d + b'\0' + b'org-1').digest() + b'{\"n\":1}').hexdigest())"
        assert_eq!(
            log()[0].1.to_string(),
            "21245b2d525eb464fb1c8b2816b8e4605005e650684b33870b7e5dbbf2368064"
        );
        assert_eq!(Hash::from_bytes(*log()[0].1.as_bytes()), log()[0].1);
    }
}
