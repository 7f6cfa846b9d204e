//! `GET /audit-log/proof`.

use crate::dto::audit::AuditProof;
use crate::extract::{Permitted, may};
use crate::problem::Answer;
use axum::Json;

/// Whether the audit log is what it was
///
/// Computes the hash of every entry anew, each from the one before.
#[utoipa::path(
    get,
    path = "/audit-log/proof",
    operation_id = "prove_audit_log",
    tag = "organizations",
    extensions(("x-permission" = json!("audit:read"))),
    responses((status = 200, description = "What came of it", body = AuditProof)),
)]
pub(crate) async fn handler(permitted: Permitted<may::ReadAudit>) -> Answer<Json<AuditProof>> {
    Ok(Json(permitted.tenant.prove_audit().await?.into()))
}
