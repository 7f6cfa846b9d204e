//! What people choose as a password: judged when it is set, hashed with Argon2id, and verified, older hashes included.
//!
//! Hashing takes memory and tens of milliseconds by design: call [`hash`] and [`verify`] where blocking is allowed, and
//! bound how many run at once ([`MEMORY_KIB`] each).

mod common;
mod hash;

pub use hash::{LANES, MEMORY_KIB, PASSES, Verdict, decoy, hash, rehash, verify, verify_decoy};

use zeroize::Zeroizing;

/// The shortest password, in bytes of UTF-8.
pub const SHORTEST: usize = 10;

/// The longest password, in bytes of UTF-8. It is there so that nobody makes us hash megabytes.
pub const LONGEST: usize = 1024;

/// A password that may be set: within its limits, and not among the first that a guesser would try.
///
/// What is typed at a login is not one of these, only bytes for [`verify`]: rules may change after a password was set.
/// Wiped from memory when dropped; its only way out is [`Password::expose`].
pub struct Password(Zeroizing<String>);

redacted_debug!(Password);

/// Whose password it is to be.
#[derive(Debug, Clone, Copy)]
pub struct Owner<'a> {
    /// The account's e-mail address.
    pub email: &'a str,
    /// The person's name as shown; may be empty.
    pub name: &'a str,
}

/// Why a password cannot be set. Each says what to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum PasswordError {
    /// Under [`SHORTEST`].
    #[error(
        "the password is too short: use {SHORTEST} characters or more, for example four words that do not belong together"
    )]
    TooShort,
    /// Over [`LONGEST`].
    #[error("the password is too long: use at most {LONGEST} bytes")]
    TooLong,
    /// Among the first that everybody tries, or a repetition.
    #[error(
        "the password is one of the first that a guesser tries: use words that do not belong together, or let a password manager make one"
    )]
    Common,
    /// The owner's own name or address with little around it.
    #[error("the password is made of your name or e-mail address: use something that is not known about you")]
    AboutOwner,
}

impl Password {
    /// Judges a password that somebody wants to set.
    ///
    /// # Errors
    ///
    /// What is wrong with it, as a sentence for its owner.
    pub fn new(text: String, owner: Owner<'_>) -> Result<Self, PasswordError> {
        let text = Zeroizing::new(text);
        if text.len() < SHORTEST {
            return Err(PasswordError::TooShort);
        }
        if text.len() > LONGEST {
            return Err(PasswordError::TooLong);
        }
        if common::is_about(&text, owner.email, owner.name) {
            return Err(PasswordError::AboutOwner);
        }
        if common::is_common(&text) {
            return Err(PasswordError::Common);
        }
        Ok(Self(text))
    }

    /// The bytes, for hashing and nothing else.
    #[must_use]
    pub fn expose(&self) -> &[u8] {
        self.0.as_bytes()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn judge(text: &str) -> Result<Password, PasswordError> {
        Password::new(text.to_owned(), Owner { email: "grace@example.com", name: "Grace Hopper" })
    }

    #[test]
    fn limits_are_in_bytes_and_hold_at_the_edge() {
        assert_eq!(judge("short one").unwrap_err(), PasswordError::TooShort);
        assert!(judge("short ones").is_ok());
        assert!(judge(&"quiet ".repeat(170)[..LONGEST - 4]).is_ok());
        assert_eq!(judge(&"quiet ".repeat(171)).unwrap_err(), PasswordError::TooLong);
    }

    #[test]
    fn what_a_guesser_tries_first_is_refused() {
        assert_eq!(judge("Password123!").unwrap_err(), PasswordError::Common);
        assert_eq!(judge("gracehopper").unwrap_err(), PasswordError::AboutOwner);
        assert_eq!(judge("grace@example.com").unwrap_err(), PasswordError::AboutOwner);
    }

    #[test]
    fn a_password_shows_in_no_debug_output() {
        let password = judge("four quiet purple boats").unwrap();
        assert_eq!(format!("{password:?}"), "Password([redacted])");
    }
}
