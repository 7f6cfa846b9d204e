//! What everybody tries first: common passwords, and passwords that are the account's own name.

use std::collections::HashSet;
use std::sync::LazyLock;

/// The cores of the passwords that lists of leaked ones begin with, in small letters: `password` stands for
/// `Password123!` and `P@ssw0rd-2024` as well.
static COMMON: LazyLock<HashSet<&str>> = LazyLock::new(|| {
    include_str!("common.txt").lines().map(str::trim).filter(|line| !line.is_empty()).collect()
});

/// Fewer different characters than this is a repetition.
const DISTINCT_CHARACTERS: usize = 4;

/// What a password must add to the owner's own name or address, in letters and digits.
const BEYOND_THE_OWNER: usize = 6;

/// Shorter parts of a name occur in anything by chance.
const SHORTEST_PART: usize = 4;

/// Whether it is one that everybody tries: a common word with digits and signs around it, or a repetition.
pub(super) fn is_common(password: &str) -> bool {
    let small = password.to_lowercase();
    let core = small.trim_matches(|c: char| !c.is_alphabetic());
    let plain: String = core.chars().map(unmask).collect();
    small.chars().collect::<HashSet<_>>().len() < DISTINCT_CHARACTERS
        || [small.as_str(), core, plain.as_str()].iter().any(|form| COMMON.contains(form))
}

/// The letter that a sign commonly stands for.
fn unmask(c: char) -> char {
    match c {
        '@' | '4' => 'a',
        '3' => 'e',
        '1' | '!' => 'i',
        '0' => 'o',
        '5' | '$' => 's',
        '7' => 't',
        other => other,
    }
}

/// Whether it is the owner's address or name with little around it.
pub(super) fn is_about(password: &str, email: &str, name: &str) -> bool {
    let folded = fold(password);
    let length = folded.chars().count();
    let local = email.split('@').next().unwrap_or_default();
    let parts = [email, local, name].into_iter().chain(name.split_whitespace());
    parts.map(fold).any(|part| {
        let part_length = part.chars().count();
        part_length >= SHORTEST_PART && folded.contains(&part) && length - part_length < BEYOND_THE_OWNER
    })
}

/// Small letters and digits only.
fn fold(text: &str) -> String {
    text.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn common_words_are_seen_through_digits_signs_and_masks() {
        for guess in [
            "password1234",
            "Password2026!",
            "P@ssw0rd-2024",
            "!!qwertyuiop!!",
            "1234567890",
            "aaaaaaaaaaaaaaaa",
            "1212121212",
            "ChangeMe!!",
            "1q2w3e4r5t",
        ] {
            assert!(is_common(guess), "{guess}");
        }
        for fine in ["four quiet purple boats", "passwords are a burden", "Tr0ub4dor&3x", "0b8f-77ca-1e"] {
            assert!(!is_common(fine), "{fine}");
        }
    }

    #[test]
    fn a_password_is_not_the_owner_with_a_number() {
        let about = |password| is_about(password, "ada.lovelace@example.com", "Ada Lovelace");
        for guess in ["ada.lovelace@example.com", "AdaLovelace1815", "lovelace-99", "Ada Lovelace!"] {
            assert!(about(guess), "{guess}");
        }
        for fine in ["lovelace invented loops", "analytical engine", "ada ada ada boat"] {
            assert!(!about(fine), "{fine}");
        }
        assert!(!is_about("anything goes", "", ""), "an empty name is part of everything");
    }
}
