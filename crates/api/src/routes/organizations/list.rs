//! `GET /organizations`.

use crate::app::App;
use crate::dto::organization::Organization;
use crate::extract::{Caller, List, Origin};
use crate::problem::Answer;
use axum::Json;
use axum::extract::State;

/// Where one belongs
///
/// The caller's organizations, the one joined first coming first. An API key sees its own.
#[utoipa::path(
    get,
    path = "/organizations",
    operation_id = "list_organizations",
    tag = "organizations",
    responses((status = 200, description = "The organizations", body = List<Organization>)),
)]
pub(crate) async fn handler(State(app): State<App>, caller: Caller) -> Answer<Json<List<Organization>>> {
    let mut memberships = app.storage().memberships(caller.user.id).await?;
    if let Origin::ApiKey { .. } = caller.origin {
        memberships.retain(|membership| {
            caller.organization.is_some_and(|(own, _)| own == membership.organization.id)
        });
    }
    Ok(Json(List::whole(memberships.into_iter().map(Organization::from).collect())))
}
