//! Digits that a double click selects whole: 0-9, A-Z, a-z.

const DIGITS: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

/// Bytes from here on are drawn again: 248 is the last multiple of 62, and what is above would favour the first digits.
const FAIR_BELOW: u8 = 248;
const _: () = assert!(FAIR_BELOW.is_multiple_of(62) && FAIR_BELOW > u8::MAX - 62);

pub(super) fn is_digit(byte: u8) -> bool {
    byte.is_ascii_alphanumeric()
}

/// Appends `count` random digits, each as likely as any other.
pub(super) fn push_random(text: &mut String, count: usize) {
    let end = text.len() + count;
    while text.len() < end {
        let drawn = zeroize::Zeroizing::new(crate::random::bytes::<64>());
        let fair = drawn.iter().filter(|byte| **byte < FAIR_BELOW);
        for byte in fair.take(end - text.len()) {
            text.push(char::from(DIGITS[usize::from(byte % 62)]));
        }
    }
}

/// Appends a number as exactly `count` digits, most significant first. Six hold any `u32`.
pub(super) fn push_number(text: &mut String, mut number: u32, count: usize) {
    let mut digits = vec!['0'; count];
    for digit in digits.iter_mut().rev() {
        *digit = char::from(DIGITS[(number % 62) as usize]);
        number /= 62;
    }
    text.extend(digits);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(number: u32) -> String {
        let mut text = String::new();
        push_number(&mut text, number, 6);
        text
    }

    #[test]
    fn numbers_have_six_digits_and_lose_nothing() {
        assert_eq!(written(0), "000000");
        assert_eq!(written(61), "00000z");
        assert_eq!(written(62), "000010");
        assert_eq!(written(u32::MAX), "4gfFC3");
    }
}
