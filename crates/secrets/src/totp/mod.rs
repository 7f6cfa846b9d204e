//! One-time codes of an authenticator app (RFC 6238), and the codes for the day on which the phone is gone.
//!
//! SHA-1, six digits and 30 seconds are what every authenticator app understands. Three of a million codes are good at
//! any time, so the caller counts failures and lets nobody try for long.

mod recovery;

pub use recovery::{RECOVERY_CODES, RecoveryCode, RecoveryCodeError};

use data_encoding::BASE32_NOPAD;
use hmac::{Hmac, KeyInit, Mac};
use sha1::Sha1;
use squad_domain::Timestamp;
use std::fmt::Write;
use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

/// How long a code is shown, in seconds (RFC 6238, section 5.2).
pub const PERIOD: u64 = 30;

/// Digits of a code.
pub const DIGITS: usize = 6;

/// How many steps a phone's clock may be off, in either direction.
pub const DRIFT: u64 = 1;

/// Bytes of a new secret: 160 bits, as RFC 4226 recommends (section 4, R6).
const SECRET_BYTES: usize = 20;

/// Bytes of the shortest secret that is accepted: 128 bits, as RFC 4226 requires (section 4, R6).
const SHORTEST_SECRET: usize = 16;

/// Bytes of the longest secret that is accepted: a block of SHA-1, beyond which HMAC would hash it down.
const LONGEST_SECRET: usize = 64;

/// The number of a period since 1970. Store the one that matched last, and give it to the next [`TotpSecret::verify`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Step(pub u64);

impl Step {
    /// The period in which a moment lies; before 1970 it is the first.
    #[must_use]
    pub fn at(moment: Timestamp) -> Self {
        Self(u64::try_from(moment.unix_timestamp()).unwrap_or(0) / PERIOD)
    }
}

/// What phone and server share. Wiped from memory when dropped.
pub struct TotpSecret(Zeroizing<Vec<u8>>);

redacted_debug!(TotpSecret);

/// Bytes that are no secret of this kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a secret for one-time codes has {SHORTEST_SECRET} to {LONGEST_SECRET} bytes, not {0}")]
pub struct TotpSecretError(usize);

impl TotpSecret {
    /// Draws a new one.
    ///
    /// # Panics
    ///
    /// When the operating system has no randomness.
    #[must_use]
    pub fn generate() -> Self {
        Self(Zeroizing::new(Zeroizing::new(crate::random::bytes::<SECRET_BYTES>()).to_vec()))
    }

    /// A secret as it was stored.
    ///
    /// # Errors
    ///
    /// When it is too short to be one, or too long.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, TotpSecretError> {
        if (SHORTEST_SECRET..=LONGEST_SECRET).contains(&bytes.len()) {
            Ok(Self(Zeroizing::new(bytes.to_vec())))
        } else {
            Err(TotpSecretError(bytes.len()))
        }
    }

    /// The bytes, to be stored sealed ([`crate::seal`]) and in no other way.
    #[must_use]
    pub fn expose(&self) -> &[u8] {
        &self.0
    }

    /// The secret as a person types it where no camera is at hand: base32 in capitals, without padding.
    #[must_use]
    pub fn to_base32(&self) -> Zeroizing<String> {
        Zeroizing::new(BASE32_NOPAD.encode(&self.0))
    }

    /// What the QR code holds: an `otpauth://` address (the "Key Uri Format" that Google Authenticator set). It holds the
    /// secret. `issuer` and `account` are what the app shows; a colon in them would split the label, so it is left out.
    #[must_use]
    pub fn to_uri(&self, issuer: &str, account: &str) -> Zeroizing<String> {
        let (issuer, account) = (escape(&issuer.replace(':', "")), escape(&account.replace(':', "")));
        let secret = self.to_base32();
        Zeroizing::new(format!(
            "otpauth://totp/{issuer}:{account}?secret={}&issuer={issuer}&algorithm=SHA1&digits={DIGITS}&period={PERIOD}",
            *secret
        ))
    }

    /// The code of one period.
    #[must_use]
    pub fn code(&self, step: Step) -> Zeroizing<String> {
        // RFC 4226, section 5.3.
        let mut mac = Hmac::<Sha1>::new_from_slice(&self.0).expect("HMAC takes a key of any length");
        mac.update(&step.0.to_be_bytes());
        let digest = mac.finalize().into_bytes();
        let offset = usize::from(digest[19] & 0x0f);
        let word = [digest[offset] & 0x7f, digest[offset + 1], digest[offset + 2], digest[offset + 3]];
        let code = u32::from_be_bytes(word) % 10_u32.pow(DIGITS as u32);
        Zeroizing::new(format!("{code:0DIGITS$}"))
    }

    /// Whether `typed` is the code of now, or of a period next to it, and of a later one than `last`: the step that it
    /// belongs to, or `None`.
    ///
    /// A code is good once: the caller stores the step in the transaction that lets somebody in, on the condition that
    /// the stored one is still `last`, and passes it the next time. Spaces and hyphens in what was typed do not count.
    #[must_use]
    pub fn verify(&self, typed: &str, now: Timestamp, last: Option<Step>) -> Option<Step> {
        let typed: Zeroizing<String> = Zeroizing::new(
            typed.chars().filter(|c| !c.is_whitespace() && *c != '-').take(DIGITS + 1).collect(),
        );
        let now = Step::at(now).0;
        let mut matched = None;
        // All are compared, whether one has matched or not. The latest wins, so that nothing before it is good again.
        for step in (now.saturating_sub(DRIFT)..=now + DRIFT).map(Step) {
            let right: bool = self.code(step).as_bytes().ct_eq(typed.as_bytes()).into();
            if right && last.is_none_or(|last| step > last) {
                matched = Some(step);
            }
        }
        matched
    }
}

/// Percent-encodes what is not unreserved (RFC 3986, section 2.3).
fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            escaped.push(char::from(byte));
        } else {
            write!(escaped, "%{byte:02X}").expect("writing to a string does not fail");
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;
    use time::macros::datetime;

    const NOW: Timestamp = datetime!(2026-11-21 12:00:15 UTC);

    fn rfc() -> TotpSecret {
        TotpSecret::from_bytes(b"12345678901234567890").unwrap()
    }

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_unix_timestamp(seconds).unwrap()
    }

    #[test]
    fn codes_are_those_of_rfc_6238() {
        // Appendix B, SHA-1; the last six of the eight digits there.
        for (seconds, code) in [
            (59, "287082"),
            (1_111_111_109, "081804"),
            (1_111_111_111, "050471"),
            (1_234_567_890, "005924"),
            (2_000_000_000, "279037"),
            (20_000_000_000, "353130"),
        ] {
            assert_eq!(*rfc().code(Step::at(at(seconds))), code, "{seconds}");
            assert_eq!(rfc().verify(code, at(seconds), None), Some(Step::at(at(seconds))));
        }
    }

    #[test]
    fn a_clock_may_be_one_step_off_and_no_more() {
        let secret = TotpSecret::generate();
        let step = Step::at(NOW);
        let code = secret.code(step);
        let period = Duration::from_secs(PERIOD);
        for now in [NOW - period, NOW, NOW + period] {
            assert_eq!(secret.verify(&code, now, None), Some(step));
        }
        // By chance another step could have the same code: six digits of a fixed secret do not.
        let code = rfc().code(step);
        for now in [NOW - 2 * period, NOW + 2 * period] {
            assert_eq!(rfc().verify(&code, now, None), None);
        }
    }

    #[test]
    fn a_code_is_good_once() {
        let (secret, step) = (rfc(), Step::at(NOW));
        let matched = secret.verify(&secret.code(step), NOW, None);
        assert_eq!(matched, Some(step));
        assert_eq!(secret.verify(&secret.code(step), NOW, matched), None, "the same again");
        assert_eq!(secret.verify(&secret.code(Step(step.0 - 1)), NOW, matched), None, "the one before");
        assert_eq!(secret.verify(&secret.code(Step(step.0 + 1)), NOW, matched), Some(Step(step.0 + 1)));
    }

    #[test]
    fn codes_are_read_as_people_type_them_and_nothing_else_is() {
        let secret = rfc();
        let moment = at(1_111_111_109);
        for typed in ["081804", "081 804", " 081-804\n"] {
            assert!(secret.verify(typed, moment, None).is_some(), "{typed}");
        }
        for typed in ["", "81804", "0818040", "081804081804", "+81804", "08180４", "081805"] {
            assert!(secret.verify(typed, moment, None).is_none(), "{typed}");
        }
    }

    #[test]
    fn moments_at_the_edge_of_time_do_not_panic() {
        assert!(rfc().verify("755224", at(0), None).is_some(), "RFC 4226, appendix D, count 0");
        let _ = rfc().verify("000000", datetime!(1969-01-01 0:00 UTC), None);
        let _ = rfc().verify("000000", datetime!(9999-12-31 23:59:59 UTC), None);
    }

    #[test]
    fn the_address_says_what_an_app_must_know() {
        assert_eq!(
            *rfc().to_uri("Agent Squad: Köln", "ada+1@example.com"),
            "otpauth://totp/Agent%20Squad%20K%C3%B6ln:ada%2B1%40example.com?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ\
             &issuer=Agent%20Squad%20K%C3%B6ln&algorithm=SHA1&digits=6&period=30"
        );
    }

    #[test]
    fn a_secret_survives_its_storage_and_shows_in_no_debug_output() {
        let secret = TotpSecret::generate();
        assert_eq!(secret.expose().len(), 20);
        assert_eq!(TotpSecret::from_bytes(secret.expose()).unwrap().expose(), secret.expose());
        assert_eq!(TotpSecret::from_bytes(&[0; 15]).unwrap_err(), TotpSecretError(15));
        assert_eq!(format!("{secret:?}"), "TotpSecret([redacted])");
    }
}
