//! `DELETE /organizations/{id}`.

use crate::app::App;
use crate::extract::{InOrganization, may};
use crate::problem::{Answer, Code, Problem};
use axum::extract::State;
use axum::http::StatusCode;
use squad_storage::OrganizationDeletion;

/// Deletes an organization
///
/// With everything in it; its audit log stays. Refused while executions are unfinished, and for the organization in which
/// the command line works.
#[utoipa::path(
    delete,
    path = "/organizations/{id}",
    operation_id = "delete_organization",
    tag = "organizations",
    extensions(("x-permission" = json!("org:delete"))),
    params(("id" = Uuid, Path, description = "Which organization")),
    responses((status = 204, description = "It is gone")),
)]
pub(crate) async fn handler(
    State(app): State<App>,
    within: InOrganization<may::DeleteOrg>,
) -> Answer<StatusCode> {
    let permitted = within.permitted;
    if permitted.org() == app.config().local_org {
        let detail =
            "this is the organization in which the command line works; it stays as long as the installation";
        return Err(Problem::new(Code::Conflict, detail));
    }
    match app.storage().delete_organization(&permitted.author(), permitted.org()).await? {
        OrganizationDeletion::Done => Ok(StatusCode::NO_CONTENT),
        OrganizationDeletion::NotFound => Err(Problem::not_found("organization")),
        OrganizationDeletion::Busy(executions) => Err(Problem::new(
            Code::Conflict,
            format!("work is under way: {executions} executions have not ended; cancel them, or wait"),
        )),
    }
}
