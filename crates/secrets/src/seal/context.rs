//! Where a sealed secret belongs.

use sha2::{Digest, Sha256};

/// Keeps these hashes apart from all others.
const DOMAIN: &[u8] = b"squad-secrets/seal/context/v1";

/// Bytes of a fingerprint.
pub(super) const FINGERPRINT: usize = 8;

/// The context as one string of bytes in which no two contexts are the same: the number of parts, then each with its
/// length before it (64 bits, big-endian).
pub(super) fn encode(context: &[&[u8]]) -> Vec<u8> {
    let length = |count: usize| (count as u64).to_be_bytes();
    let mut encoded = length(context.len()).to_vec();
    for part in context {
        encoded.extend(length(part.len()));
        encoded.extend_from_slice(part);
    }
    encoded
}

/// Tells a secret that stands in the wrong place from one that was damaged. It protects nothing: the encryption is bound
/// to the context itself.
pub(super) fn fingerprint(encoded: &[u8]) -> [u8; FINGERPRINT] {
    let digest: [u8; 32] = Sha256::new().chain_update(DOMAIN).chain_update(encoded).finalize().into();
    *digest.first_chunk().expect("32 bytes have a front of 8")
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    #[test]
    fn no_two_contexts_are_written_the_same() {
        let contexts: [&[&[u8]]; 8] = [
            &[],
            &[b""],
            &[b"", b""],
            &[b"ab", b"c"],
            &[b"a", b"bc"],
            &[b"abc"],
            &[b"abc", b""],
            &[b"", b"abc"],
        ];
        let written: HashSet<_> = contexts.iter().map(|context| encode(context)).collect();
        assert_eq!(written.len(), contexts.len());
        let fingerprints: HashSet<_> = contexts.iter().map(|context| fingerprint(&encode(context))).collect();
        assert_eq!(fingerprints.len(), contexts.len());
    }
}
