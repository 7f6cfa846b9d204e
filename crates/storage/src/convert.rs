//! Between the domain's types and what columns hold.

use crate::error::StorageError;
use serde::Serialize;
use serde::de::DeserializeOwned;
use squad_domain::Timestamp;
use squad_domain::execution::Status;
use squad_domain::money::MicroUsd;
use time::OffsetDateTime;

/// The largest amount that is stored as it is: nine billion dollars. What is more (a call whose price overflowed) is
/// stored as this, far above any budget, so that sums of amounts always fit into a BIGINT.
const MAX_AMOUNT: u64 = (i64::MAX / 1024) as u64;

/// Microseconds since 1970, UTC: the resolution that is stored.
pub(crate) fn micros(at: Timestamp) -> i64 {
    i64::try_from(at.unix_timestamp_nanos().div_euclid(1_000)).unwrap_or(i64::MAX)
}

pub(crate) fn timestamp(micros: i64) -> Timestamp {
    OffsetDateTime::from_unix_timestamp_nanos(i128::from(micros) * 1_000)
        .unwrap_or(OffsetDateTime::UNIX_EPOCH)
}

/// The moment as it will be read back.
pub(crate) fn stored(at: Timestamp) -> Timestamp {
    timestamp(micros(at))
}

pub(crate) fn amount(money: MicroUsd) -> i64 {
    i64::try_from(money.micros().min(MAX_AMOUNT)).unwrap_or(i64::MAX)
}

pub(crate) fn money(amount: i64) -> MicroUsd {
    MicroUsd::from_micros(u64::try_from(amount).unwrap_or(0))
}

/// A count: sequence numbers, tokens, milliseconds.
pub(crate) fn count(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

pub(crate) fn number(count: i64) -> u64 {
    u64::try_from(count).unwrap_or(0)
}

/// Text for a text column. Postgres cannot hold the character zero in one, and what commands print may contain it; the
/// event itself keeps it.
pub(crate) fn text(text: &str) -> String {
    if text.contains('\0') { text.replace('\0', "\u{fffd}") } else { text.to_owned() }
}

pub(crate) fn status(slug: &str) -> Result<Status, StorageError> {
    Status::ALL.iter().find(|status| status.slug() == slug).copied().ok_or_else(|| StorageError::Unreadable {
        what: "the status of an execution".to_owned(),
        why: format!("`{slug}` is none"),
    })
}

pub(crate) fn to_json<T: Serialize>(value: &T) -> Result<String, StorageError> {
    serde_json::to_string(value).map_err(|error| StorageError::Unreadable {
        what: "a value on its way into the database".to_owned(),
        why: error.to_string(),
    })
}

pub(crate) fn from_json<T: DeserializeOwned>(what: &str, text: &str) -> Result<T, StorageError> {
    serde_json::from_str(text)
        .map_err(|error| StorageError::Unreadable { what: what.to_owned(), why: error.to_string() })
}
