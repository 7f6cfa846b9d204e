//! Medians with their spread, and how they are printed.

use std::io::Write as _;
use std::time::Duration;

/// Times of one thing.
#[derive(Debug, Clone, Default)]
pub struct Times(Vec<Duration>);

impl Times {
    /// One more.
    pub fn add(&mut self, time: Duration) {
        self.0.push(time);
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The time below which that part of them lies; zero where there are none.
    #[must_use]
    pub fn quantile(&self, part: f64) -> Duration {
        let mut sorted = self.0.clone();
        sorted.sort_unstable();
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            clippy::cast_precision_loss,
            reason = "an index into a short list"
        )]
        let at = ((sorted.len().saturating_sub(1)) as f64 * part).round() as usize;
        sorted.get(at).copied().unwrap_or_default()
    }

    /// The one in the middle.
    #[must_use]
    pub fn median(&self) -> Duration {
        self.quantile(0.5)
    }

    /// `2.31 ms (2.10–2.60, 5 runs)`: the median, and the quartiles around it.
    #[must_use]
    pub fn told(&self) -> String {
        let (low, high) = (self.quantile(0.25), self.quantile(0.75));
        format!("{} ({}–{}, n = {})", ms(self.median()), number(low), number(high), self.0.len())
    }
}

impl FromIterator<Duration> for Times {
    fn from_iter<I: IntoIterator<Item = Duration>>(times: I) -> Self {
        Self(times.into_iter().collect())
    }
}

fn number(time: Duration) -> String {
    let ms = time.as_secs_f64() * 1000.0;
    if ms < 10.0 { format!("{ms:.2}") } else { format!("{ms:.0}") }
}

/// `2.31 ms`.
#[must_use]
pub fn ms(time: Duration) -> String {
    format!("{} ms", number(time))
}

/// How many times `b` fits into `a`.
#[must_use]
pub fn ratio(a: Duration, b: Duration) -> String {
    format!("{:.2}", a.as_secs_f64() / b.as_secs_f64().max(f64::MIN_POSITIVE))
}

/// A line of the result.
pub fn say(line: &str) {
    // Whoever stops reading has seen enough.
    let _ = writeln!(std::io::stdout(), "{line}");
}

/// Memory that a process holds, in MiB, as the kernel counts it.
#[must_use]
pub fn resident(process: u32) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let kib = line.and_then(|line| line.split_whitespace().next()?.parse::<u64>().ok());
    kib.unwrap_or_default() / 1024
}
