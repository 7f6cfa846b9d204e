//! Who asks: what every request of the API looks up first. One statement each.

use super::users::{USER, UserRow, user};
use crate::connect::Storage;
use crate::convert::{from_json, micros, timestamp};
use crate::dialect::{execute, one};
use crate::error::StorageError;
use crate::write::Write;
use async_trait::async_trait;
use sea_orm::{DatabaseTransaction, QueryResult};
use squad_domain::Timestamp;
use squad_domain::ids::{OrgId, SessionId};
use squad_domain::permission::{OrgRole, Permission};
use std::time::Duration;
use uuid::Uuid;

/// How exactly it is known when a key was last used.
const TOUCH: Duration = Duration::from_secs(60);

/// The organization that a caller works in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CallerOrganization {
    /// Which.
    pub id: OrgId,
    /// Its name.
    pub name: String,
    /// What the caller is there.
    pub role: OrgRole,
}

/// Somebody who is signed in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CallerRow {
    /// Who.
    pub user: UserRow,
    /// By which sign-in.
    pub session: SessionId,
    /// Where they work; `None` where they are in no organization, or not in the one that was asked for.
    pub organization: Option<CallerOrganization>,
}

/// A program that comes with an API key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ApiKeyCaller {
    /// The key's id.
    pub key: Uuid,
    /// Whose key it is.
    pub user: UserRow,
    /// The organization that the key is for.
    pub organization: CallerOrganization,
    /// What the key is for. It allows no more than the role of its owner.
    pub scopes: Vec<Permission>,
    /// When it was last used, to the minute.
    pub last_used_at: Option<Timestamp>,
}

fn organization(row: &QueryResult, id: Uuid) -> Result<CallerOrganization, StorageError> {
    let role: String = row.try_get("", "role")?;
    Ok(CallerOrganization {
        id: OrgId(id),
        name: row.try_get("", "org_name")?,
        role: super::organizations::role(&role)?,
    })
}

impl Storage {
    /// Who is signed in by a session, and where they work: in `org` where it is given, else in the session's
    /// organization, else in the one that they joined first. `None` where the session is over.
    ///
    /// # Errors
    /// Where the database fails.
    pub async fn caller(
        &self,
        session: SessionId,
        org: Option<OrgId>,
        now: Timestamp,
    ) -> Result<Option<CallerRow>, StorageError> {
        let sql = format!(
            "SELECT {USER}, o.id AS org, o.name AS org_name, m.role FROM sessions s JOIN users u ON u.id = s.user_id \
             LEFT JOIN memberships m ON m.user_id = s.user_id AND ($3 IS NULL OR m.org_id = $3) \
             LEFT JOIN organizations o ON o.id = m.org_id \
             WHERE s.id = $1 AND s.ended_at IS NULL AND s.expires_at > $2 \
             ORDER BY CASE WHEN m.org_id = s.current_org THEN 0 ELSE 1 END, m.created_at, m.org_id LIMIT 1"
        );
        let values = [session.0.into(), micros(now).into(), org.map(|org| org.0).into()];
        let Some(row) = one(&self.pool, &sql, values).await? else { return Ok(None) };
        let org: Option<Uuid> = row.try_get("", "org")?;
        let organization = org.map(|id| organization(&row, id)).transpose()?;
        Ok(Some(CallerRow { user: user(&row, "u_")?, session, organization }))
    }

    /// Whose API key has this hash. `None` where there is none, it was revoked or has expired, or its owner is no member
    /// any more.
    ///
    /// # Errors
    /// Where the database fails.
    pub async fn api_key_caller(
        &self,
        hash: &str,
        now: Timestamp,
    ) -> Result<Option<ApiKeyCaller>, StorageError> {
        let sql = format!(
            "SELECT {USER}, k.id AS key, k.scopes, k.last_used_at, o.id AS org, o.name AS org_name, m.role FROM api_keys k \
             JOIN users u ON u.id = k.user_id JOIN memberships m ON m.org_id = k.org_id AND m.user_id = k.user_id \
             JOIN organizations o ON o.id = k.org_id \
             WHERE k.hash = $1 AND k.revoked_at IS NULL AND (k.expires_at IS NULL OR k.expires_at > $2)"
        );
        let Some(row) = one(&self.pool, &sql, [hash.into(), micros(now).into()]).await? else {
            return Ok(None);
        };
        let scopes: String = row.try_get("", "scopes")?;
        let used: Option<i64> = row.try_get("", "last_used_at")?;
        Ok(Some(ApiKeyCaller {
            key: row.try_get("", "key")?,
            user: user(&row, "u_")?,
            organization: organization(&row, row.try_get("", "org")?)?,
            scopes: from_json("the scopes of an API key", &scopes)?,
            last_used_at: used.map(timestamp),
        }))
    }

    /// Remembers that a key was used: once a minute, so that reading does not mean writing. Tells whether it did.
    ///
    /// # Errors
    /// Where the database fails.
    pub async fn touch_api_key(&self, key: &ApiKeyCaller, at: Timestamp) -> Result<bool, StorageError> {
        if key.last_used_at.is_some_and(|last| at < last + TOUCH) {
            return Ok(false);
        }
        self.write(Touch { key: key.key, at: micros(at), before: micros(at - TOUCH) }).await
    }
}

struct Touch {
    key: Uuid,
    at: i64,
    before: i64,
}

#[async_trait]
impl Write for Touch {
    type Output = bool;
    type Error = StorageError;

    async fn run(&self, transaction: &DatabaseTransaction) -> Result<bool, StorageError> {
        let sql = "UPDATE api_keys SET last_used_at = $2 \
            WHERE id = $1 AND (last_used_at IS NULL OR last_used_at <= $3)";
        let values = [self.key.into(), self.at.into(), self.before.into()];
        Ok(execute(transaction, sql, values).await? == 1)
    }
}
