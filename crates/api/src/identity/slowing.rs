//! Guessing is slowed, for each account and for each address: after a few failures, the next attempt has to wait, twice as
//! long each time. Accounts that do not exist are slowed alike.

use crate::app::App;
use crate::problem::{Answer, Code, Problem};
use squad_domain::Timestamp;
use std::net::IpAddr;
use std::time::Duration;

/// Failures that cost nothing, of an account. People mistype.
const FREE: u64 = 5;
/// Failures that cost nothing, of an address: many people may share one.
const FREE_OF_ADDRESS: u64 = 50;
/// The wait after the first failure that is not free.
const FIRST_WAIT: Duration = Duration::from_secs(2);
/// No wait is longer, or anybody could lock anybody out for good.
const LONGEST_WAIT: Duration = Duration::from_secs(15 * 60);
/// Failures older than this are forgotten.
const MEMORY: Duration = Duration::from_secs(24 * 3600);

/// The failures that count for one attempt.
pub(crate) struct Slowing {
    account: String,
    address: String,
}

impl Slowing {
    /// For an attempt on an account, from an address.
    pub(crate) fn new(email: &str, address: IpAddr) -> Self {
        // Whoever owns a small IPv6 network owns 2^64 addresses of it.
        let address = match address {
            IpAddr::V4(ip) => ip.to_string(),
            IpAddr::V6(ip) => format!("{:x?}", &ip.segments()[..4]),
        };
        Self { account: format!("account:{email}"), address: format!("address:{address}") }
    }

    /// Refuses the attempt where it comes too early.
    pub(crate) async fn check(&self, app: &App, now: Timestamp) -> Answer<()> {
        for (subject, free) in [(&self.account, FREE), (&self.address, FREE_OF_ADDRESS)] {
            let Some(failures) = app.storage().login_failures(subject).await? else { continue };
            let ready = failures.last + wait(failures.count, free);
            if ready > now {
                let left = Duration::try_from(ready - now).unwrap_or(FIRST_WAIT);
                let detail = format!("too many failed attempts; wait {} seconds", left.as_secs() + 1);
                let left = Duration::from_secs(left.as_secs() + 1);
                return Err(Problem::new(Code::RateLimited, detail).retry_after(left));
            }
        }
        Ok(())
    }

    /// Counts a failure.
    pub(crate) async fn failed(self, app: &App, now: Timestamp) -> Answer<()> {
        Ok(app.storage().login_failed(vec![self.account, self.address], now, MEMORY).await?)
    }

    /// Forgets the failures of the account. Those of the address stay: whoever guesses may own one account.
    pub(crate) async fn succeeded(self, app: &App) -> Answer<()> {
        Ok(app.storage().login_succeeded(&self.account).await?)
    }
}

fn wait(failures: u64, free: u64) -> Duration {
    let Some(over) = failures.checked_sub(free).filter(|over| *over > 0) else { return Duration::ZERO };
    let doublings = u32::try_from(over - 1).unwrap_or(u32::MAX).min(16);
    FIRST_WAIT.saturating_mul(1 << doublings).min(LONGEST_WAIT)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_failures_are_free_and_the_wait_has_an_end() {
        let seconds = |failures| wait(failures, FREE).as_secs();
        assert_eq!([0, 5, 6, 7, 8, 9].map(seconds), [0, 0, 2, 4, 8, 16]);
        assert_eq!([20, 1000, u64::MAX].map(seconds), [900; 3]);
    }
}
