//! Money: integer micro-dollars, everywhere.

use serde::{Deserialize, Serialize};
use std::fmt;
use std::iter::Sum;
use std::ops::{Add, AddAssign};
use std::str::FromStr;

/// An amount of US dollars in millionths. Never negative: a balance that would be is clamped at zero.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct MicroUsd(u64);

impl MicroUsd {
    /// Nothing.
    pub const ZERO: Self = Self(0);

    /// From millionths of a dollar.
    #[must_use]
    pub const fn from_micros(micros: u64) -> Self {
        Self(micros)
    }

    /// In millionths of a dollar.
    #[must_use]
    pub const fn micros(self) -> u64 {
        self.0
    }

    /// In dollars, for display and for JSON that people read. Not for arithmetic.
    #[must_use]
    #[expect(clippy::cast_precision_loss, reason = "exact up to 9 billion dollars")]
    pub fn dollars(self) -> f64 {
        self.0 as f64 / 1_000_000.0
    }

    /// `self - other`, or zero where that would be negative.
    #[must_use]
    pub const fn saturating_sub(self, other: Self) -> Self {
        Self(self.0.saturating_sub(other.0))
    }
}

impl Add for MicroUsd {
    type Output = Self;
    fn add(self, other: Self) -> Self {
        Self(self.0.saturating_add(other.0))
    }
}

impl AddAssign for MicroUsd {
    fn add_assign(&mut self, other: Self) {
        *self = *self + other;
    }
}

impl Sum for MicroUsd {
    fn sum<I: Iterator<Item = Self>>(amounts: I) -> Self {
        amounts.fold(Self::ZERO, Add::add)
    }
}

/// `$0.0142` under a dollar, `$12.40` above.
impl fmt::Display for MicroUsd {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (units, digits, width) =
            if self.0 < 1_000_000 { (self.0.div_ceil(100), 10_000, 4) } else { (self.0 / 10_000, 100, 2) };
        f.pad(&format!("${}.{:0width$}", units / digits, units % digits))
    }
}

/// What is wrong with an amount that a person typed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not an amount in US dollars; write for example `2.50`")]
pub struct ParseMoneyError(String);

/// Dollars as a person types them: `2`, `2.5`, `$0.000001`. Exact: no floating point in between.
impl FromStr for MicroUsd {
    type Err = ParseMoneyError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let error = || ParseMoneyError(text.to_owned());
        let digits = text.trim().trim_start_matches('$');
        let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
        let numeric = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
        if (whole.is_empty() && fraction.is_empty())
            || !numeric(whole)
            || !numeric(fraction)
            || fraction.len() > 6
        {
            return Err(error());
        }
        let whole: u64 = if whole.is_empty() { 0 } else { whole.parse().map_err(|_| error())? };
        let micros: u64 = format!("{fraction:0<6}").parse().map_err(|_| error())?;
        whole.checked_mul(1_000_000).and_then(|w| w.checked_add(micros)).map(Self).ok_or_else(error)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn small_amounts_show_four_places_and_large_ones_two() {
        let shown = |micros| MicroUsd::from_micros(micros).to_string();
        assert_eq!(shown(14_200), "$0.0142");
        assert_eq!(shown(12_400_000), "$12.40");
        assert_eq!(shown(0), "$0.0000");
        assert_eq!(shown(1), "$0.0001", "what was spent never shows as nothing");
    }

    #[test]
    fn typed_dollars_are_read_exactly() {
        assert_eq!("2.50".parse(), Ok(MicroUsd::from_micros(2_500_000)));
        assert_eq!("$.000001".parse(), Ok(MicroUsd::from_micros(1)));
        for bad in ["", "-1", "1e3", "2.5.0", "0.0000001", "99999999999999999999", "two"] {
            assert!(bad.parse::<MicroUsd>().is_err(), "{bad}");
        }
    }
}
