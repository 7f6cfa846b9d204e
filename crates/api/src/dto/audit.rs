//! The audit log.

use crate::dto::moment::Moment;
use serde::Serialize;
use utoipa::ToSchema;

/// Something that somebody did.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct AuditEntry {
    /// Its place in the log, from 1.
    #[schema(minimum = 1)]
    seq: u64,
    /// When.
    at: Moment,
    /// Who: `user:<id>`, `api_key:<id>` or `system`.
    #[schema(example = "user:019a8f00-0000-7000-8000-000000000001")]
    actor: String,
    /// From where, as an IP address; empty for the system.
    #[schema(example = "192.0.2.7")]
    address: String,
    /// What.
    #[schema(example = "squad.created")]
    action: String,
    /// To which one, such as an id.
    #[schema(example = "019a8f00-0000-7000-8000-000000000002")]
    subject: String,
    /// What else is worth knowing.
    details: serde_json::Value,
    /// Covers this entry and all before it, in hexadecimal.
    hash: String,
}

impl From<squad_storage::AuditEntry> for AuditEntry {
    fn from(entry: squad_storage::AuditEntry) -> Self {
        Self {
            seq: entry.seq,
            at: entry.at.into(),
            actor: entry.actor,
            address: entry.address,
            action: entry.action,
            subject: entry.subject,
            details: entry.details,
            hash: entry.hash,
        }
    }
}

/// Whether the log is what it was.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct AuditProof {
    /// How many entries there are.
    #[schema(minimum = 0)]
    entries: u64,
    /// The hash of the last one; absent where there is none. Kept elsewhere, it shows later whether the log was rewritten.
    #[serde(skip_serializing_if = "Option::is_none")]
    head: Option<String>,
    /// The first entry that does not fit those before it; absent where all do.
    #[serde(skip_serializing_if = "Option::is_none")]
    broken_at: Option<u64>,
}

impl From<squad_storage::AuditProof> for AuditProof {
    fn from(proof: squad_storage::AuditProof) -> Self {
        Self { entries: proof.entries, head: proof.head, broken_at: proof.broken_at }
    }
}
