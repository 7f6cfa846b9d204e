//! `POST /organizations/{id}/transfer`.

use crate::app::App;
use crate::extract::{InOrganization, Json, Person, may};
use crate::problem::{Answer, Code, Problem};
use crate::routes::me::confirm;
use axum::extract::State;
use axum::http::StatusCode;
use garde::Validate;
use serde::Deserialize;
use squad_domain::ids::UserId;
use squad_storage::Transfer;
use utoipa::ToSchema;
use uuid::Uuid;

/// To whom.
#[derive(Debug, Deserialize, Validate, ToSchema)]
pub(crate) struct TransferOrganization {
    /// Who shall own it: somebody who is in it.
    #[garde(skip)]
    user_id: Uuid,
    /// The caller's present password.
    #[garde(length(bytes, max = 1024))]
    #[schema(example = "quiet-otter-under-9-bridges", format = Password)]
    current_password: String,
}

/// Hands an organization over
///
/// Somebody who is in it becomes an owner; whoever hands it over becomes an admin.
#[utoipa::path(
    post,
    path = "/organizations/{id}/transfer",
    operation_id = "transfer_organization",
    tag = "organizations",
    extensions(("x-permission" = json!("org:transfer"))),
    params(("id" = Uuid, Path, description = "Which organization")),
    request_body = TransferOrganization,
    responses((status = 204, description = "It is theirs")),
)]
pub(crate) async fn handler(
    State(app): State<App>,
    within: InOrganization<may::TransferOrg>,
    person: Person,
    Json(body): Json<TransferOrganization>,
) -> Answer<StatusCode> {
    confirm(&app, &person, body.current_password).await?;
    let (permitted, to) = (within.permitted, UserId(body.user_id));
    match permitted.tenant.transfer_ownership(&permitted.author(), person.id(), to).await? {
        Transfer::Done => Ok(StatusCode::NO_CONTENT),
        Transfer::NotOwner => Err(Problem::new(Code::Conflict, "you do not own it any more")),
        Transfer::NotMember => {
            Err(Problem::field("user_id", "is nobody in this organization; invite them first"))
        }
    }
}
