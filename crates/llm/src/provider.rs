//! The one trait between the router and every provider.

use crate::{DeltaSink, ModelRequest, ProviderCompletion, ProviderError};
use async_trait::async_trait;

/// Something that answers requests: a provider's API, a local server, or a test.
///
/// One call is one attempt: retries, fall-backs and money are the router's. Dropping the future ends the call.
#[async_trait]
pub trait ModelProvider: Send + Sync {
    /// Asks `model`, the provider's own name for it, for one turn.
    ///
    /// # Errors
    /// As [`ProviderError`] tells. An answer that broke off is an error, however much of it arrived.
    async fn complete(
        &self,
        model: &str,
        request: &ModelRequest,
        deltas: &DeltaSink,
    ) -> Result<ProviderCompletion, ProviderError>;
}
