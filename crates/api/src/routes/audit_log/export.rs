//! `GET /audit-log/export`.

use crate::dto::audit::AuditEntry;
use crate::extract::{Permitted, may};
use crate::problem::Answer;
use axum::body::{Body, Bytes};
use axum::http::header::{CONTENT_DISPOSITION, CONTENT_TYPE};
use axum::response::{IntoResponse as _, Response};
use futures::stream;
use squad_storage::{StorageError, Tenant};

/// Entries that are read, and held, at once.
const PART: u64 = 500;

/// Exports the audit log
///
/// All of it, oldest first: one entry to a line, with the hashes by which others can check the chain.
#[utoipa::path(
    get,
    path = "/audit-log/export",
    operation_id = "export_audit_log",
    tag = "organizations",
    extensions(("x-permission" = json!("audit:read"))),
    responses((status = 200, description = "The entries", body = String, content_type = "application/x-ndjson")),
)]
pub(crate) async fn handler(permitted: Permitted<may::ReadAudit>) -> Answer<Response> {
    // The first part is read before the answer begins, so that a database that is away is still a problem of its own.
    let first = part(&permitted.tenant, 0).await?;
    let parts = stream::try_unfold((permitted.tenant, first), async |(tenant, ready)| {
        let Some((lines, last)) = ready else { return Ok::<_, StorageError>(None) };
        let next = part(&tenant, last).await.inspect_err(|error| {
            tracing::error!(%error, "an export of the audit log broke off");
        })?;
        Ok(Some((lines, (tenant, next))))
    });
    let file = "attachment; filename=\"audit-log.ndjson\"";
    let headers = [(CONTENT_TYPE, "application/x-ndjson"), (CONTENT_DISPOSITION, file)];
    Ok((headers, Body::from_stream(parts)).into_response())
}

/// The lines of the entries after `after`, and the place of the last of them; `None` at the end.
async fn part(tenant: &Tenant, after: u64) -> Result<Option<(Bytes, u64)>, StorageError> {
    let entries = tenant.audit_entries_after(after, PART).await?;
    let Some(last) = entries.last().map(|entry| entry.seq) else { return Ok(None) };
    let mut lines = Vec::new();
    for entry in entries {
        // Strings, numbers and JSON: there is nothing in an entry that JSON could not hold.
        lines.extend(serde_json::to_vec(&AuditEntry::from(entry)).unwrap_or_default());
        lines.push(b'\n');
    }
    Ok(Some((lines.into(), last)))
}
