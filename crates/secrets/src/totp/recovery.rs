//! Recovery codes: printed once, typed on the worst day.

use crate::token::TokenHash;
use sha2::{Digest, Sha256};
use uuid::Uuid;
use zeroize::Zeroizing;

/// How many codes a person gets.
pub const RECOVERY_CODES: usize = 10;

/// Crockford's base32 in small letters: no `i`, `l`, `o` or `u`.
const LETTERS: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";

/// Letters of a code: 80 random bits, so many that its stored hash need not be slow.
const LENGTH: usize = 16;

/// Letters of a group.
const GROUP: usize = 4;

/// Keeps these hashes apart from all others.
const DOMAIN: &[u8] = b"squad-secrets/recovery-code/v1";

/// A code that lets somebody in once without their phone. Wiped from memory when dropped; its only way out is
/// [`RecoveryCode::to_text`].
pub struct RecoveryCode(Zeroizing<String>);

redacted_debug!(RecoveryCode);

/// What was typed is no recovery code.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a recovery code has four groups of four letters or digits, such as `7k2m-9xqd-h4tn-0wzb`")]
pub struct RecoveryCodeError;

impl RecoveryCode {
    /// Draws a new set, of [`RECOVERY_CODES`].
    ///
    /// # Panics
    ///
    /// When the operating system has no randomness.
    #[must_use]
    pub fn generate() -> [Self; RECOVERY_CODES] {
        std::array::from_fn(|_| {
            let drawn = Zeroizing::new(crate::random::bytes::<LENGTH>());
            Self(Zeroizing::new(
                drawn.iter().map(|byte| char::from(LETTERS[usize::from(byte % 32)])).collect(),
            ))
        })
    }

    /// Reads what was typed. Capitals, spaces and hyphens do not count, and look-alikes (`O`, `I`, `L`) are taken for the
    /// digits that were meant.
    ///
    /// # Errors
    ///
    /// When it cannot be a code; the store need not be asked.
    pub fn parse(typed: &str) -> Result<Self, RecoveryCodeError> {
        // Room for all of it from the start: a string that grows leaves a copy behind.
        let mut code = Zeroizing::new(String::with_capacity(LENGTH));
        for c in typed.chars().filter(|c| !c.is_whitespace() && *c != '-') {
            let letter = match c.to_ascii_lowercase() {
                'o' => '0',
                'i' | 'l' => '1',
                other => other,
            };
            if code.len() == LENGTH || !u8::try_from(letter).is_ok_and(|letter| LETTERS.contains(&letter)) {
                return Err(RecoveryCodeError);
            }
            code.push(letter);
        }
        if code.len() == LENGTH { Ok(Self(code)) } else { Err(RecoveryCodeError) }
    }

    /// The code as it is shown, once: `7k2m-9xqd-h4tn-0wzb`.
    #[must_use]
    pub fn to_text(&self) -> Zeroizing<String> {
        let mut text = Zeroizing::new(String::with_capacity(LENGTH + LENGTH / GROUP));
        for (at, letter) in self.0.chars().enumerate() {
            if at > 0 && at % GROUP == 0 {
                text.push('-');
            }
            text.push(letter);
        }
        text
    }

    /// What is stored and looked up instead of it. It holds the user's id, so that a guesser with the table of hashes must
    /// try every code for every user again.
    #[must_use]
    pub fn hash(&self, user: Uuid) -> TokenHash {
        let digest = Sha256::new().chain_update(DOMAIN).chain_update(user).chain_update(self.0.as_bytes());
        TokenHash::from_bytes(digest.finalize().into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    const USER: Uuid = Uuid::from_u128(1);

    #[test]
    fn ten_codes_that_read_back_as_they_are_shown() {
        let codes = RecoveryCode::generate();
        let hashes: HashSet<_> = codes.iter().map(|code| code.hash(USER)).collect();
        assert_eq!(hashes.len(), 10);
        for code in &codes {
            let text = code.to_text();
            assert_eq!(text.split('-').map(str::len).collect::<Vec<_>>(), [4, 4, 4, 4]);
            assert_eq!(RecoveryCode::parse(&text).unwrap().hash(USER), code.hash(USER));
        }
    }

    #[test]
    fn a_code_is_read_as_people_type_it() {
        let code = RecoveryCode::parse("7k2m-9xqd-h4tn-01zb").unwrap().hash(USER);
        for typed in
            ["7K2M9XQDH4TN01ZB", " 7k2m 9xqd h4tn 01zb\n", "7k2m-9xqd-h4tn-OIzb", "7k2m-9xqd-h4tn-olzb"]
        {
            assert_eq!(RecoveryCode::parse(typed).unwrap().hash(USER), code, "{typed}");
        }
    }

    #[test]
    fn what_cannot_be_a_code_is_refused() {
        for typed in [
            "",
            "7k2m",
            "7k2m-9xqd-h4tn-01z",
            "7k2m-9xqd-h4tn-01zbb",
            "7k2m-9xqd-h4tn-01zu",
            "7k2m-9xqd-h4tn-01zé",
        ] {
            assert_eq!(RecoveryCode::parse(typed).unwrap_err(), RecoveryCodeError, "{typed}");
        }
    }

    #[test]
    fn one_code_hashes_differently_for_two_users() {
        let code = &RecoveryCode::generate()[0];
        assert_ne!(code.hash(USER), code.hash(Uuid::from_u128(2)));
        assert_eq!(format!("{code:?}"), "RecoveryCode([redacted])");
    }
}
