//! Argon2id, and what came before it.

use super::{LONGEST, Password};
use argon2::password_hash::{PasswordHasher, PasswordVerifier};
use argon2::{Algorithm, Argon2, Params, PasswordHash, Version};

/// Memory of one hash in KiB: 19 MiB, the first recommendation of the OWASP Password Storage Cheat Sheet for Argon2id.
pub const MEMORY_KIB: u32 = 19 * 1024;

/// Passes over that memory; goes with [`MEMORY_KIB`] in the same recommendation.
pub const PASSES: u32 = 2;

/// Lanes; goes with [`MEMORY_KIB`] in the same recommendation.
pub const LANES: u32 = 1;

/// A stored hash that asks for more than this would take a process down: 256 MiB.
const MOST_MEMORY_KIB: u32 = 256 * 1024;

/// A stored hash that asks for more passes than this is not one that any product made.
const MOST_PASSES: u32 = 16;

/// A stored hash that asks for more lanes than this is not one that any product made.
const MOST_LANES: u32 = 16;

/// The highest cost of a bcrypt hash that is computed, as a power of two: about five seconds. One step more doubles it.
const MOST_BCRYPT_COST: u32 = 16;

/// An Argon2id hash of 32 random bytes which were thrown away, with today's parameters (a test holds it to that).
const DECOY: &str =
    "$argon2id$v=19$m=19456,t=2,p=1$P3DKKqiNQMhr3xU2OJ9A/Q$R7q4ymeFbfTxrPSs4fUHPoA+NO6/IfEUZTzyBbcgQlY";

/// What came of a comparison.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[must_use]
pub enum Verdict {
    /// It is the password.
    Right,
    /// It is the password, but the hash is weaker than those made today (bcrypt, or Argon2 with lower parameters). The
    /// caller has the password now and only now: store its [`rehash`].
    RightButOld,
    /// It is not the password, or the hash is none.
    Wrong,
}

impl Verdict {
    /// Whether it is the password.
    #[must_use]
    pub fn is_right(self) -> bool {
        self != Self::Wrong
    }
}

/// Hashes a password: an Argon2id string in PHC form, about 97 ASCII characters, with a salt of its own.
#[must_use]
pub fn hash(password: &Password) -> String {
    rehash(password.expose())
}

/// Hashes what was typed at a login whose verdict was [`Verdict::RightButOld`]: today's rules for new passwords do not
/// count for it, or its owner could not log in.
///
/// # Panics
///
/// On more than 4 GiB, which [`verify`] never calls right.
#[must_use]
pub fn rehash(verified: &[u8]) -> String {
    current()
        .hash_password_with_salt(verified, &crate::random::bytes::<16>())
        .expect("valid parameters, a salt of 16 bytes and a bounded password always hash")
        .to_string()
}

fn current() -> Argon2<'static> {
    let params = Params::new(MEMORY_KIB, PASSES, LANES, None).expect("the constants are valid parameters");
    Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
}

/// Compares what was typed with a stored hash: Argon2 in PHC form, or bcrypt (`$2a$`, `$2b$`, `$2y$`).
///
/// Never panics and never takes unbounded time: a hash that is malformed or asks for absurd costs, and a candidate over
/// [`LONGEST`], are [`Verdict::Wrong`].
pub fn verify(hash: &str, candidate: &[u8]) -> Verdict {
    if candidate.len() > LONGEST {
        return Verdict::Wrong;
    }
    match hash.get(..4) {
        Some("$2a$" | "$2b$" | "$2y$") => verify_bcrypt(hash, candidate),
        _ => verify_argon2(hash, candidate).unwrap_or(Verdict::Wrong),
    }
}

/// A hash for accounts that do not exist or have no password, so that a login to them takes as long as any other.
///
/// Nobody knows a password for it; use [`verify_decoy`], which could not say so if somebody did. An account that still
/// has a bcrypt hash takes a time of its own until its owner has logged in once.
#[must_use]
pub fn decoy() -> &'static str {
    DECOY
}

/// Spends the time that [`verify`] would, and says [`Verdict::Wrong`]. For accounts that do not exist.
pub fn verify_decoy(candidate: &[u8]) -> Verdict {
    let _ = verify(decoy(), candidate);
    Verdict::Wrong
}

/// `None` where it is no hash that we would compute.
fn verify_argon2(hash: &str, candidate: &[u8]) -> Option<Verdict> {
    let parsed = PasswordHash::new(hash).ok()?;
    let algorithm = Algorithm::try_from(parsed.algorithm.as_str()).ok()?;
    let params = Params::try_from(&parsed).ok()?;
    if !is_affordable(&params) {
        return None;
    }
    current().verify_password(candidate, &parsed).ok()?;
    Some(if is_todays(algorithm, parsed.version, &params) { Verdict::Right } else { Verdict::RightButOld })
}

/// Whether a stored hash asks for no more than we are ready to spend.
fn is_affordable(params: &Params) -> bool {
    params.m_cost() <= MOST_MEMORY_KIB && params.t_cost() <= MOST_PASSES && params.p_cost() <= MOST_LANES
}

/// Whether a hash is as strong as those made today.
fn is_todays(algorithm: Algorithm, version: Option<u32>, params: &Params) -> bool {
    algorithm == Algorithm::Argon2id
        && version == Some(Version::V0x13.into())
        && params.m_cost() >= MEMORY_KIB
        && params.t_cost() >= PASSES
}

/// bcrypt reads 72 bytes of a password and ignores the rest, and those who hashed with it mostly let it. So do we, or
/// owners of longer passwords could not log in any more; the hash that replaces it counts every byte.
fn verify_bcrypt(hash: &str, candidate: &[u8]) -> Verdict {
    match hash.parse::<bcrypt::HashParts>() {
        Ok(parts) if parts.get_cost() <= MOST_BCRYPT_COST => {}
        _ => return Verdict::Wrong,
    }
    match bcrypt::verify(candidate, hash) {
        Ok(true) => Verdict::RightButOld,
        _ => Verdict::Wrong,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::password::Owner;

    /// Test vectors of crypt_blowfish (Openwall), `wrapper.c`.
    const BCRYPT: &str = "$2a$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW";
    const BCRYPT_LONG: &str = "$2a$05$abcdefghijklmnopqrstuu5s2v8.iXieOjg/.AySBTTZIIVFJeBui";
    const LONG: &str = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";

    /// Test vectors of the reference implementation of Argon2, `src/test.c`: "password", "somesalt".
    const WEAK_ARGON2ID: &str =
        "$argon2id$v=19$m=256,t=2,p=1$c29tZXNhbHQ$nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4";
    const ARGON2I: &str =
        "$argon2i$v=19$m=256,t=2,p=1$c29tZXNhbHQ$iekCn0Y3spW+sCcFanM2xBT63UP2sghkUoHLIUpWRS8";

    #[test]
    fn a_hash_verifies_its_own_password_and_no_other() {
        let owner = Owner { email: "grace@example.com", name: "Grace Hopper" };
        let password = Password::new("four quiet purple boats".to_owned(), owner).unwrap();
        let hashed = hash(&password);
        assert!(hashed.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{hashed}");
        assert_eq!(verify(&hashed, password.expose()), Verdict::Right);
        assert_eq!(verify(&hashed, b"four quiet purple boat"), Verdict::Wrong);
        assert_ne!(hashed, hash(&password), "two hashes of one password share a salt");
    }

    #[test]
    fn older_hashes_are_right_and_said_to_be_old() {
        assert_eq!(verify(WEAK_ARGON2ID, b"password"), Verdict::RightButOld);
        assert_eq!(verify(ARGON2I, b"password"), Verdict::RightButOld);
        assert_eq!(verify(BCRYPT, b"U*U"), Verdict::RightButOld);
        assert_eq!(verify(&BCRYPT.replace("$2a$", "$2b$"), b"U*U"), Verdict::RightButOld);
        assert_eq!(verify(&BCRYPT.replace("$2a$", "$2y$"), b"U*U"), Verdict::RightButOld);
        for hash in [WEAK_ARGON2ID, ARGON2I, BCRYPT] {
            assert_eq!(verify(hash, b"another"), Verdict::Wrong, "{hash}");
        }
    }

    #[test]
    fn a_hash_is_old_when_anything_of_it_is_weaker_than_today() {
        let judge = |algorithm, version, memory, passes| {
            is_todays(algorithm, version, &Params::new(memory, passes, 1, None).unwrap())
        };
        let (id, v13) = (Algorithm::Argon2id, Some(0x13));
        assert!(judge(id, v13, MEMORY_KIB, PASSES));
        assert!(judge(id, v13, MEMORY_KIB * 2, PASSES + 1), "stronger is not old");
        assert!(!judge(Algorithm::Argon2i, v13, MEMORY_KIB, PASSES));
        assert!(!judge(Algorithm::Argon2d, v13, MEMORY_KIB, PASSES));
        assert!(!judge(id, Some(0x10), MEMORY_KIB, PASSES));
        assert!(!judge(id, None, MEMORY_KIB, PASSES));
        assert!(!judge(id, v13, MEMORY_KIB - 1, PASSES));
        assert!(!judge(id, v13, MEMORY_KIB, PASSES - 1));
    }

    #[test]
    fn a_hash_that_asks_for_too_much_is_not_computed() {
        let judge = |memory, passes, lanes| is_affordable(&Params::new(memory, passes, lanes, None).unwrap());
        assert!(judge(MOST_MEMORY_KIB, MOST_PASSES, MOST_LANES));
        assert!(!judge(MOST_MEMORY_KIB + 1, 1, 1));
        assert!(!judge(MEMORY_KIB, MOST_PASSES + 1, 1));
        assert!(!judge(MEMORY_KIB, 1, MOST_LANES + 1));
    }

    #[test]
    fn bcrypt_counts_72_bytes_and_what_replaces_it_counts_all() {
        let typed = format!("{LONG}chars after 72 are ignored");
        assert_eq!(verify(BCRYPT_LONG, typed.as_bytes()), Verdict::RightButOld);
        assert_eq!(verify(BCRYPT_LONG, &LONG.as_bytes()[..71]), Verdict::Wrong);
        let renewed = rehash(typed.as_bytes());
        assert_eq!(verify(&renewed, typed.as_bytes()), Verdict::Right);
        assert_eq!(verify(&renewed, LONG.as_bytes()), Verdict::Wrong);
    }

    #[test]
    fn what_is_no_hash_or_asks_for_too_much_is_wrong_at_once() {
        for hash in [
            "",
            "plain",
            "$",
            "$2a$",
            "$2b$99$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW",
            "$2b$31$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW",
            "$2b$05$ééééééééééééééééééééé.E5YPO9kmyuRGyh0XouQ",
            "é$2a$05$",
            "$argon2id$",
            "$argon2id$v=19$m=19456,t=2,p=1$c29tZXNhbHQ",
            "$argon2id$v=19$m=4294967295,t=2,p=1$c29tZXNhbHQ$nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4",
            "$argon2id$v=19$m=256,t=4294967295,p=1$c29tZXNhbHQ$nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4",
            "$argon2id$v=19$m=0,t=0,p=0$c29tZXNhbHQ$nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4",
            "$scrypt$ln=16,r=8,p=1$aM15713r3Xsvxbi31lqr1Q$nFNh2CVHVjNldFVKDHDlm4CbdRSCdEBsjjJxD+iCs5E",
        ] {
            assert_eq!(verify(hash, b"U*U"), Verdict::Wrong, "{hash}");
        }
        let too_long = vec![b'p'; LONGEST + 1];
        assert_eq!(verify(&rehash(&too_long), &too_long), Verdict::Wrong);
    }

    #[test]
    fn the_decoy_costs_what_a_new_hash_costs_and_is_never_right() {
        let parsed = PasswordHash::new(decoy()).unwrap();
        let params = Params::try_from(&parsed).unwrap();
        assert_eq!(
            (parsed.algorithm.as_str(), params.m_cost(), params.t_cost(), params.p_cost()),
            ("argon2id", MEMORY_KIB, PASSES, LANES)
        );
        assert!(parsed.salt.is_some() && parsed.hash.is_some());
        assert_eq!(verify_decoy(b"four quiet purple boats"), Verdict::Wrong);
    }
}
