//! `PATCH /api-keys/{id}`.

use crate::dto::api_key::ApiKey;
use crate::dto::rules;
use crate::extract::{Json, Path, Permitted, may};
use crate::problem::{Answer, Problem};
use garde::Validate;
use serde::Deserialize;
use utoipa::ToSchema;
use uuid::Uuid;

/// What shall be different. What a key is good for never changes: make another one.
#[derive(Debug, Deserialize, Validate, ToSchema)]
pub(crate) struct UpdateApiKey {
    /// What it shall be called.
    #[garde(custom(rules::optional_name))]
    #[schema(example = "weekly build")]
    name: Option<String>,
}

/// Renames an API key
///
/// One of one's own.
#[utoipa::path(
    patch,
    path = "/api-keys/{id}",
    operation_id = "update_api_key",
    tag = "account",
    extensions(("x-permission" = json!("api_keys:manage"))),
    params(("id" = Uuid, Path, description = "Which key")),
    request_body = UpdateApiKey,
    responses((status = 200, description = "The key as it is now", body = ApiKey)),
)]
pub(crate) async fn handler(
    permitted: Permitted<may::ManageApiKeys>,
    Path(id): Path<Uuid>,
    Json(body): Json<UpdateApiKey>,
) -> Answer<Json<ApiKey>> {
    let (tenant, own) = (&permitted.tenant, Some(permitted.caller.user.id));
    let row = match body.name {
        Some(name) => tenant.rename_api_key(&permitted.author(), own, id, name.trim()).await?,
        None => tenant.api_key(own, id).await?,
    };
    Ok(Json(row.ok_or_else(|| Problem::not_found("API key"))?.into()))
}
