//! What happens to every request, whatever it asks for.

pub(crate) mod address;
pub(crate) mod headers;
pub(crate) mod idempotency;
pub(crate) mod metrics;
pub(crate) mod rate_limit;
pub(crate) mod request_id;
