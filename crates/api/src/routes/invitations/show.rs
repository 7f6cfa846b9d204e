//! `POST /invitations/show`.

use super::InvitationToken;
use crate::app::App;
use crate::dto::organization::Offer;
use crate::extract::Json;
use crate::identity::invitations;
use crate::problem::Answer;
use axum::extract::State;

/// What an invitation offers
///
/// With the token of the mailed link, which stands in the body, where no log sees it.
#[utoipa::path(
    post,
    path = "/invitations/show",
    operation_id = "show_invitation",
    tag = "organizations",
    request_body = InvitationToken,
    responses(
        (status = 200, description = "The offer", body = Offer),
        (status = 410, description = "The invitation is not good any more", body = crate::problem::ProblemBody, content_type = "application/problem+json"),
    ),
)]
pub(crate) async fn handler(
    State(app): State<App>,
    Json(body): Json<InvitationToken>,
) -> Answer<Json<Offer>> {
    Ok(Json(invitations::find(&app, &body.token, app.now()).await?.into()))
}
