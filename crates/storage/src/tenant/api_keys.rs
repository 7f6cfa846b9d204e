//! API keys: with which programs act for a member. Stored as hashes; gone when their owner leaves.

use super::audit::Audit;
use super::{Author, Page, Tenant, TenantWrite};
use crate::convert::{count, from_json, micros, number, text, timestamp, to_json};
use crate::dialect::{execute, one};
use crate::error::StorageError;
use async_trait::async_trait;
use sea_orm::{DatabaseTransaction, QueryResult};
use serde_json::json;
use squad_domain::Timestamp;
use squad_domain::ids::{OrgId, UserId};
use squad_domain::permission::Permission;
use uuid::Uuid;

/// Keys that somebody may have in one organization at a time.
pub const MAX_API_KEYS: u64 = 50;

/// A key that is about to be made.
#[derive(Clone)]
pub struct NewApiKey {
    /// Its id.
    pub id: Uuid,
    /// Whose it is.
    pub user: UserId,
    /// What it is called.
    pub name: String,
    /// Its hash.
    pub hash: String,
    /// What people recognize it by, and nobody could guess it from.
    pub hint: String,
    /// What it is for.
    pub scopes: Vec<Permission>,
    /// Until when it is good; `None` for ever.
    pub expires_at: Option<Timestamp>,
}

impl std::fmt::Debug for NewApiKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("NewApiKey").field("id", &self.id).field("name", &self.name).finish_non_exhaustive()
    }
}

/// A key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ApiKeyRow {
    /// Its id.
    pub id: Uuid,
    /// Whose it is.
    pub user: UserId,
    /// What it is called.
    pub name: String,
    /// What people recognize it by.
    pub hint: String,
    /// What it is for.
    pub scopes: Vec<Permission>,
    /// Until when it is good; `None` for ever.
    pub expires_at: Option<Timestamp>,
    /// When it was last used, to the minute.
    pub last_used_at: Option<Timestamp>,
    /// Since when there is one.
    pub created_at: Timestamp,
}

/// What came of making a key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ApiKeyCreation {
    /// It is good from now on.
    Done(ApiKeyRow),
    /// They have [`MAX_API_KEYS`] already.
    TooMany,
    /// They are not in the organization.
    NotMember,
}

const COLUMNS: &str = "id, user_id, name, hint, scopes, expires_at, last_used_at, created_at";

fn key(row: &QueryResult) -> Result<ApiKeyRow, StorageError> {
    let scopes: String = row.try_get("", "scopes")?;
    let maybe = |column: &str| row.try_get::<Option<i64>>("", column).map(|at| at.map(timestamp));
    Ok(ApiKeyRow {
        id: row.try_get("", "id")?,
        user: UserId(row.try_get("", "user_id")?),
        name: row.try_get("", "name")?,
        hint: row.try_get("", "hint")?,
        scopes: from_json("the scopes of an API key", &scopes)?,
        expires_at: maybe("expires_at")?,
        last_used_at: maybe("last_used_at")?,
        created_at: timestamp(row.try_get("", "created_at")?),
    })
}

impl Tenant {
    /// Makes a key.
    ///
    /// # Errors
    /// Where the database fails.
    pub async fn create_api_key(
        &self,
        author: &Author,
        key: NewApiKey,
    ) -> Result<ApiKeyCreation, StorageError> {
        self.write(author, Create(key)).await
    }

    /// The keys that were not revoked, those of `owner` or of everybody, the newest first. Expired ones are shown: people
    /// look for them when a program stops working.
    ///
    /// # Errors
    /// Where the database fails.
    pub async fn api_keys(&self, owner: Option<UserId>, page: Page) -> Result<Vec<ApiKeyRow>, StorageError> {
        let sql = format!(
            "SELECT {COLUMNS} FROM api_keys WHERE org_id = $1 AND revoked_at IS NULL AND ($2 IS NULL OR user_id = $2) \
             AND id < $3 ORDER BY id DESC LIMIT $4"
        );
        let values = [owner.map(|user| user.0).into(), page.below().into(), count(page.limit).into()];
        self.all(&sql, values).await?.iter().map(key).collect()
    }

    /// A key that was not revoked, of `owner` or of anybody.
    ///
    /// # Errors
    /// Where the database fails.
    pub async fn api_key(&self, owner: Option<UserId>, id: Uuid) -> Result<Option<ApiKeyRow>, StorageError> {
        let sql = format!(
            "SELECT {COLUMNS} FROM api_keys \
             WHERE org_id = $1 AND revoked_at IS NULL AND ($2 IS NULL OR user_id = $2) AND id = $3"
        );
        let values = [owner.map(|user| user.0).into(), id.into()];
        self.one(&sql, values).await?.as_ref().map(key).transpose()
    }

    /// Calls a key of `owner`, or of anybody, something else. `None` where there is no such key.
    ///
    /// # Errors
    /// Where the database fails.
    pub async fn rename_api_key(
        &self,
        author: &Author,
        owner: Option<UserId>,
        id: Uuid,
        name: &str,
    ) -> Result<Option<ApiKeyRow>, StorageError> {
        self.write(author, Alter { owner, id, name: Some(text(name)) }).await
    }

    /// Revokes a key of `owner`, or of anybody, for good. Tells whether there was one.
    ///
    /// # Errors
    /// Where the database fails.
    pub async fn revoke_api_key(
        &self,
        author: &Author,
        owner: Option<UserId>,
        id: Uuid,
    ) -> Result<bool, StorageError> {
        Ok(self.write(author, Alter { owner, id, name: None }).await?.is_some())
    }
}

struct Create(NewApiKey);

#[async_trait]
impl TenantWrite for Create {
    type Output = ApiKeyCreation;
    type Error = StorageError;

    async fn run(
        &self,
        transaction: &DatabaseTransaction,
        org: OrgId,
        at: i64,
    ) -> Result<ApiKeyCreation, StorageError> {
        let new = &self.0;
        // Holding the membership, so that keys made at once are counted one after the other.
        let hold = "UPDATE memberships SET role = role WHERE org_id = $1 AND user_id = $2";
        if execute(transaction, hold, [org.0.into(), new.user.0.into()]).await? == 0 {
            return Ok(ApiKeyCreation::NotMember);
        }
        let live = "SELECT count(*) AS n FROM api_keys WHERE org_id = $1 AND user_id = $2 AND revoked_at IS NULL \
            AND (expires_at IS NULL OR expires_at > $3)";
        let live = one(transaction, live, [org.0.into(), new.user.0.into(), at.into()]).await?;
        if live.map_or(Ok(0), |row| row.try_get("", "n").map(number))? >= MAX_API_KEYS {
            return Ok(ApiKeyCreation::TooMany);
        }
        let sql = format!(
            "INSERT INTO api_keys (org_id, id, user_id, name, hash, hint, scopes, expires_at, created_at) \
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) RETURNING {COLUMNS}"
        );
        let values = [
            org.0.into(),
            new.id.into(),
            new.user.0.into(),
            text(&new.name).into(),
            new.hash.as_str().into(),
            text(&new.hint).into(),
            to_json(&new.scopes)?.into(),
            new.expires_at.map(micros).into(),
            at.into(),
        ];
        let row = one(transaction, &sql, values).await?;
        let row = row.ok_or_else(|| StorageError::NotFound { what: "the new API key".to_owned() })?;
        Ok(ApiKeyCreation::Done(key(&row)?))
    }

    fn audit(&self, output: &ApiKeyCreation) -> Option<Audit> {
        let ApiKeyCreation::Done(row) = output else { return None };
        let details = json!({ "name": row.name, "scopes": row.scopes, "owner": row.user });
        Some(Audit::new("api_key.created", row.id, details))
    }
}

struct Alter {
    owner: Option<UserId>,
    id: Uuid,
    /// `None` to revoke it.
    name: Option<String>,
}

#[async_trait]
impl TenantWrite for Alter {
    type Output = Option<ApiKeyRow>;
    type Error = StorageError;

    async fn run(
        &self,
        transaction: &DatabaseTransaction,
        org: OrgId,
        at: i64,
    ) -> Result<Option<ApiKeyRow>, StorageError> {
        let (column, value) = match &self.name {
            Some(name) => ("name", name.as_str().into()),
            None => ("revoked_at", at.into()),
        };
        let sql = format!(
            "UPDATE api_keys SET {column} = $4 WHERE org_id = $1 AND id = $2 AND revoked_at IS NULL \
             AND ($3 IS NULL OR user_id = $3) RETURNING {COLUMNS}"
        );
        let values = [org.0.into(), self.id.into(), self.owner.map(|user| user.0).into(), value];
        one(transaction, &sql, values).await?.as_ref().map(key).transpose()
    }

    fn audit(&self, output: &Option<ApiKeyRow>) -> Option<Audit> {
        let row = output.as_ref()?;
        let action = if self.name.is_some() { "api_key.renamed" } else { "api_key.revoked" };
        Some(Audit::new(action, row.id, json!({ "name": row.name, "owner": row.user })))
    }
}
