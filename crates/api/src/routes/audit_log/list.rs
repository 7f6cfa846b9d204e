//! `GET /audit-log`.

use crate::dto::audit::AuditEntry;
use crate::extract::{List, PageQuery, Permitted, may};
use crate::problem::Answer;
use axum::Json;

/// The audit log, newest first
#[utoipa::path(
    get,
    path = "/audit-log",
    operation_id = "list_audit_entries",
    tag = "organizations",
    extensions(("x-permission" = json!("audit:read"))),
    params(PageQuery),
    responses((status = 200, description = "The entries", body = List<AuditEntry>)),
)]
pub(crate) async fn handler(
    permitted: Permitted<may::ReadAudit>,
    page: PageQuery,
) -> Answer<Json<List<AuditEntry>>> {
    let rows = permitted.tenant.audit_entries(page.limit()? + 1, page.place::<u64>()?).await?;
    Ok(Json(List::page(rows, page.limit()?, |row| row.seq, AuditEntry::from)))
}
