//! What an operator looks at: everything, whosever it is. Never reached from the API.

use crate::connect::{Storage, Writes};
use crate::convert::{count, number, timestamp};
use crate::dialect::{all, execute};
use crate::error::StorageError;
use sea_orm::DbErr;
use squad_domain::Timestamp;
use squad_domain::ids::{OrgId, UserId};
use std::fs::OpenOptions;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;
use uuid::Uuid;

/// An account, as an operator sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UserOverview {
    /// Its id.
    pub id: UserId,
    /// Its address.
    pub email: String,
    /// What people call them.
    pub name: String,
    /// Whether the address is verified.
    pub verified: bool,
    /// In how many organizations it is.
    pub organizations: u64,
    /// Sessions that are not over.
    pub sessions: u64,
    /// Since when there is an account.
    pub created_at: Timestamp,
}

/// An organization, as an operator sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OrganizationOverview {
    /// Its id.
    pub id: OrgId,
    /// Its name.
    pub name: String,
    /// Addresses of its owners.
    pub owners: Vec<String>,
    /// People in it.
    pub members: u64,
    /// Executions so far.
    pub executions: u64,
    /// Since when there is one.
    pub created_at: Timestamp,
}

impl Storage {
    /// At most `limit` accounts, newest first.
    ///
    /// # Errors
    /// Where the database fails.
    pub async fn users_overview(
        &self,
        now: Timestamp,
        limit: u64,
    ) -> Result<Vec<UserOverview>, StorageError> {
        let sql = "SELECT u.id, u.email, u.name, u.email_verified_at, u.created_at, \
                (SELECT count(*) FROM memberships m WHERE m.user_id = u.id) AS organizations, \
                (SELECT count(*) FROM sessions s WHERE s.user_id = u.id AND s.ended_at IS NULL AND s.expires_at > $1) AS sessions \
            FROM users u ORDER BY u.created_at DESC, u.id LIMIT $2";
        let rows = all(&self.pool, sql, [crate::convert::micros(now).into(), count(limit).into()]).await?;
        let shown = rows.iter().map(|row| {
            Ok(UserOverview {
                id: UserId(row.try_get::<Uuid>("", "id")?),
                email: row.try_get("", "email")?,
                name: row.try_get("", "name")?,
                verified: row.try_get::<Option<i64>>("", "email_verified_at")?.is_some(),
                organizations: number(row.try_get("", "organizations")?),
                sessions: number(row.try_get("", "sessions")?),
                created_at: timestamp(row.try_get("", "created_at")?),
            })
        });
        Ok(shown.collect::<Result<_, DbErr>>()?)
    }

    /// At most `limit` organizations, newest first.
    ///
    /// # Errors
    /// Where the database fails.
    pub async fn organizations_overview(
        &self,
        limit: u64,
    ) -> Result<Vec<OrganizationOverview>, StorageError> {
        let sql = "SELECT o.id, o.name, o.created_at, \
                (SELECT count(*) FROM memberships m WHERE m.org_id = o.id) AS members, \
                (SELECT count(*) FROM executions e WHERE e.org_id = o.id) AS executions \
            FROM organizations o ORDER BY o.created_at DESC, o.id LIMIT $1";
        let mut shown = Vec::new();
        for row in all(&self.pool, sql, [count(limit).into()]).await? {
            let id: Uuid = row.try_get("", "id")?;
            let owners = "SELECT u.email FROM memberships m JOIN users u ON u.id = m.user_id \
                WHERE m.org_id = $1 AND m.role = 'owner' ORDER BY m.created_at, u.email";
            let owners = all(&self.pool, owners, [id.into()]).await?;
            shown.push(OrganizationOverview {
                id: OrgId(id),
                name: row.try_get("", "name")?,
                owners: owners.iter().map(|row| row.try_get("", "email")).collect::<Result<_, DbErr>>()?,
                members: number(row.try_get("", "members")?),
                executions: number(row.try_get("", "executions")?),
                created_at: timestamp(row.try_get("", "created_at")?),
            });
        }
        Ok(shown)
    }

    /// Writes a whole copy of a SQLite database as of one moment, while others go on reading and writing. The copy is
    /// the file `path`, which must not exist. Tells whether this is a SQLite database; others have tools of their own.
    ///
    /// # Errors
    /// Where the file cannot be written.
    pub async fn back_up(&self, path: &Path) -> Result<bool, StorageError> {
        if matches!(self.writes, Writes::Pool) {
            return Ok(false);
        }
        // An empty file that only its owner reads: SQLite fills it.
        let made = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path);
        made.map_err(|error| StorageError::NotWritable { path: path.to_owned(), why: error.to_string() })?;
        let path = path.to_string_lossy().into_owned();
        execute(&self.pool, "VACUUM INTO $1", [path.into()]).await?;
        Ok(true)
    }
}
