//! API keys.

use crate::dto::moment::Moment;
use serde::Serialize;
use squad_domain::permission::Permission;
use squad_storage::ApiKeyRow;
use utoipa::ToSchema;
use uuid::Uuid;

/// A key with which programs act for somebody in one organization.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ApiKey {
    /// Its id.
    id: Uuid,
    /// For whom it acts.
    user_id: Uuid,
    /// What it is called.
    #[schema(example = "nightly build")]
    name: String,
    /// How it begins: what people recognize it by.
    #[schema(example = "sqk_Ab3d")]
    hint: String,
    /// What it may be used for, where its owner may still do that.
    #[schema(schema_with = super::slugs::permissions)]
    scopes: Vec<&'static str>,
    /// Until when it is good; absent: until it is revoked.
    #[serde(skip_serializing_if = "Option::is_none")]
    expires_at: Option<Moment>,
    /// When it was last used, to the minute; absent: never.
    #[serde(skip_serializing_if = "Option::is_none")]
    last_used_at: Option<Moment>,
    /// Since when there is one.
    created_at: Moment,
}

impl From<ApiKeyRow> for ApiKey {
    fn from(row: ApiKeyRow) -> Self {
        Self {
            id: row.id,
            user_id: row.user.0,
            name: row.name,
            hint: row.hint,
            scopes: row.scopes.into_iter().map(Permission::slug).collect(),
            expires_at: row.expires_at.map(Moment),
            last_used_at: row.last_used_at.map(Moment),
            created_at: row.created_at.into(),
        }
    }
}

/// A key that was just made.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct CreatedApiKey {
    /// The key.
    pub(crate) api_key: ApiKey,
    /// What goes into `Authorization: Bearer …`. It is shown this once.
    #[schema(example = "sqk_000000000000000000000000000000000000000000034onZ8")]
    pub(crate) secret: String,
}
