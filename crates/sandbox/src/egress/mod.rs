//! The one way out: an HTTP proxy in the squad process that lets through just the granted hosts.
//!
//! The sandbox's network has nothing but its own loopback device. Process 1 opens a listening socket in there and hands it
//! to squad, which accepts on it: connections come out of the sandbox without any socket of the host going in.

mod grant;
mod proxy;
mod request;

use std::fmt;
use std::sync::Arc;

pub(crate) use proxy::Proxy;

/// What the proxy may connect to, beside the granted names.
#[derive(Debug, Clone, Default)]
pub struct EgressPolicy {
    /// Lets granted names lead to private and loopback addresses. Only for tests and for registries on the own network.
    pub allow_private: bool,
}

/// One request that came out of a sandbox, told when it is over.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EgressEvent {
    /// The host that was asked for.
    pub host: String,
    /// The port that was asked for.
    pub port: u16,
    /// Whether it was let through.
    pub allowed: bool,
    /// Bytes that went out.
    pub sent_bytes: u64,
    /// Bytes that came in.
    pub received_bytes: u64,
    /// Why it was refused or failed.
    pub error: Option<String>,
}

/// Is told of every request.
#[derive(Clone, Default)]
pub struct EgressLog(Option<Arc<dyn Fn(EgressEvent) + Send + Sync>>);

impl EgressLog {
    /// Calls `told` for every request. It must not block.
    pub fn new(told: impl Fn(EgressEvent) + Send + Sync + 'static) -> Self {
        Self(Some(Arc::new(told)))
    }

    /// Tells the other one, too.
    #[must_use]
    pub(crate) fn and(&self, other: &Self) -> Self {
        match (&self.0, &other.0) {
            (Some(first), Some(second)) => {
                let (first, second) = (Arc::clone(first), Arc::clone(second));
                Self::new(move |event| {
                    first(event.clone());
                    second(event);
                })
            }
            (Some(_), None) => self.clone(),
            (None, _) => other.clone(),
        }
    }

    fn tell(&self, event: EgressEvent) {
        tracing::info!(host = %event.host, port = event.port, allowed = event.allowed, error = ?event.error, "egress");
        if let Some(told) = &self.0 {
            told(event);
        }
    }
}

impl fmt::Debug for EgressLog {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("EgressLog").field(&self.0.is_some()).finish()
    }
}
