//! How often somebody may ask. What is not yet known to be anybody counts by address; what is, by caller.

use crate::app::App;
use crate::extract::{Caller, Origin};
use crate::middleware::address;
use crate::problem::{Answer, Code, Problem};
use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};
use governor::clock::{Clock as _, DefaultClock};
use governor::{DefaultKeyedRateLimiter, Quota};
use std::net::IpAddr;
use std::num::NonZeroU32;
use std::time::Duration;
use uuid::Uuid;

/// Requests of one address in a minute to routes that nobody has to sign in for; as many at once.
const ANONYMOUS: NonZeroU32 = NonZeroU32::new(120).expect("not zero");
/// Requests of one caller in a minute, unless the operator says otherwise.
pub(crate) const CALLER: NonZeroU32 = NonZeroU32::new(6_000).expect("not zero");
/// Of the requests of a minute, so many may come at once.
const BURST: u32 = 4;

/// The counters of this process.
pub(crate) struct Limits {
    addresses: DefaultKeyedRateLimiter<IpAddr>,
    callers: DefaultKeyedRateLimiter<Uuid>,
}

impl Limits {
    /// Counters that let each caller ask so often in a minute, a quarter of it at once.
    pub(crate) fn new(caller: NonZeroU32) -> Self {
        let burst = NonZeroU32::new(caller.get() / BURST).unwrap_or(NonZeroU32::MIN);
        Self {
            addresses: DefaultKeyedRateLimiter::keyed(Quota::per_minute(ANONYMOUS)),
            callers: DefaultKeyedRateLimiter::keyed(Quota::per_minute(caller).allow_burst(burst)),
        }
    }

    /// Counts a request of somebody known.
    pub(crate) fn check_caller(&self, caller: &Caller) -> Answer<()> {
        let key = match &caller.origin {
            Origin::Session(_) => caller.user.id.0,
            Origin::ApiKey { id, .. } => *id,
        };
        self.callers
            .check_key(&key)
            .map_err(|not_until| refused(not_until.wait_time_from(DefaultClock::default().now())))
    }

    /// Forgets who has not asked for a while.
    pub(crate) fn tidy(&self) {
        self.addresses.retain_recent();
        self.callers.retain_recent();
    }
}

fn refused(wait: Duration) -> Problem {
    let wait = Duration::from_secs(wait.as_secs() + 1);
    let detail = format!("too many requests; wait {} seconds", wait.as_secs());
    Problem::new(Code::RateLimited, detail).retry_after(wait)
}

/// Before the routes that nobody has to sign in for.
pub(crate) async fn anonymous(State(app): State<App>, request: Request, next: Next) -> Response {
    let (parts, body) = request.into_parts();
    let address = address::of(&parts, &app);
    match app.limits().addresses.check_key(&address) {
        Ok(()) => next.run(Request::from_parts(parts, body)).await,
        Err(not_until) => refused(not_until.wait_time_from(DefaultClock::default().now())).into_response(),
    }
}
