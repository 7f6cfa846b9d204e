//! `GET /api-keys`.

use crate::dto::api_key::ApiKey;
use crate::extract::{List, PageQuery, Permitted, Query, may};
use crate::problem::Answer;
use axum::Json;
use serde::Deserialize;
use squad_domain::permission::Permission;
use utoipa::IntoParams;

/// Whose keys.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct Whose {
    /// Those of everybody in the organization, which needs `members:manage`; else one's own.
    #[serde(default)]
    all: bool,
}

/// API keys, newest first
///
/// Those that were not revoked. Expired ones are among them.
#[utoipa::path(
    get,
    path = "/api-keys",
    operation_id = "list_api_keys",
    tag = "account",
    extensions(("x-permission" = json!("api_keys:manage"))),
    params(PageQuery, Whose),
    responses((status = 200, description = "The keys", body = List<ApiKey>)),
)]
pub(crate) async fn handler(
    permitted: Permitted<may::ManageApiKeys>,
    page: PageQuery,
    Query(whose): Query<Whose>,
) -> Answer<Json<List<ApiKey>>> {
    if whose.all {
        permitted.also(Permission::ManageMembers)?;
    }
    let owner = (!whose.all).then_some(permitted.caller.user.id);
    let rows = permitted.tenant.api_keys(owner, page.by_id()?).await?;
    Ok(Json(List::page(rows, page.limit()?, |row| row.id, ApiKey::from)))
}
