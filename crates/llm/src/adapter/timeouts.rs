//! How long answers may take.

use std::time::Duration;

/// How long an answer may take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Timeouts {
    /// To open the connection.
    pub connect: Duration,
    /// Until the answer begins.
    pub first_byte: Duration,
    /// Between two pieces of it.
    pub idle: Duration,
    /// Without a word of it, although something comes: comments and pings that keep a connection open, or a line that
    /// drips in.
    pub heartbeats: Duration,
    /// In all.
    pub total: Duration,
}

impl Timeouts {
    /// For an API in the network.
    pub const REMOTE: Self = Self {
        connect: Duration::from_secs(10),
        first_byte: Duration::from_secs(180),
        idle: Duration::from_secs(120),
        heartbeats: Duration::from_secs(10 * 60),
        total: Duration::from_secs(30 * 60),
    };
    /// For a model on this machine, which may have to be loaded and read a long prompt slowly first.
    pub const LOCAL: Self = Self {
        connect: Duration::from_secs(5),
        first_byte: Duration::from_secs(15 * 60),
        idle: Duration::from_secs(5 * 60),
        heartbeats: Duration::from_secs(30 * 60),
        total: Duration::from_secs(60 * 60),
    };
}
