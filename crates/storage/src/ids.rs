//! Ids of rows that storage makes itself, because their number is known within the transaction only.

use squad_domain::Timestamp;
use uuid::{NoContext, Uuid};

/// A UUIDv7 of that moment.
pub(crate) fn new_id(at: Timestamp) -> Uuid {
    let seconds = u64::try_from(at.unix_timestamp()).unwrap_or(0);
    Uuid::new_v7(uuid::Timestamp::from_unix(NoContext, seconds, at.nanosecond()))
}
