//! How long to wait before the next attempt.

use std::time::Duration;

/// The wait after the `failures`-th failure in a row (from 1): as long as the provider asks, else doubling, with jitter so
/// that many lanes do not come back at the same moment; never longer than `longest`.
pub(super) fn wait(failures: u32, asked: Option<Duration>, first: Duration, longest: Duration) -> Duration {
    if let Some(asked) = asked {
        return asked.min(longest);
    }
    let doubled = first.saturating_mul(1_u32 << failures.saturating_sub(1).min(16));
    doubled.mul_f64(rand::random_range(0.5..=1.0)).min(longest)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_provider_asks_for_is_honoured_up_to_the_cap() {
        let (first, longest) = (Duration::from_millis(500), Duration::from_secs(60));
        assert_eq!(wait(1, Some(Duration::from_secs(7)), first, longest), Duration::from_secs(7));
        assert_eq!(wait(1, Some(Duration::from_secs(3600)), first, longest), longest);
        for failures in 1..40 {
            let waited = wait(failures, None, first, longest);
            assert!(waited >= Duration::from_millis(250) && waited <= longest, "{failures}: {waited:?}");
        }
        assert!(wait(4, None, first, longest) >= Duration::from_secs(2), "it grows");
    }
}
