//! How names become addresses.

use async_trait::async_trait;
use std::io;
use std::net::IpAddr;

/// Looks names up. A trait, because a test must be able to change its mind between two questions.
#[async_trait]
pub trait Resolver: Send + Sync + 'static {
    /// All addresses of a name.
    ///
    /// # Errors
    /// Where it cannot be looked up.
    async fn resolve(&self, name: &str) -> io::Result<Vec<IpAddr>>;
}

/// The operating system's way.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemResolver;

#[async_trait]
impl Resolver for SystemResolver {
    async fn resolve(&self, name: &str) -> io::Result<Vec<IpAddr>> {
        let found = tokio::net::lookup_host((name, 0)).await?;
        Ok(found.map(|address| address.ip()).collect())
    }
}
