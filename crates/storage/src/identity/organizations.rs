//! Organizations, and who is in them.

use crate::connect::Storage;
use crate::convert::timestamp;
use crate::dialect::{all, execute, one};
use crate::error::StorageError;
use sea_orm::{ConnectionTrait, DbErr, QueryResult};
use squad_domain::Timestamp;
use squad_domain::ids::{OrgId, UserId};
use squad_domain::permission::OrgRole;
use uuid::Uuid;

/// An organization.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OrganizationRow {
    /// Its id.
    pub id: OrgId,
    /// Its name.
    pub name: String,
    /// Since when there is one.
    pub created_at: Timestamp,
    /// When it last changed: its version.
    pub updated_at: Timestamp,
}

/// What somebody is in an organization.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Membership {
    /// Where.
    pub organization: OrganizationRow,
    /// What they may do there.
    pub role: OrgRole,
    /// Since when.
    pub since: Timestamp,
}

const MEMBERSHIPS: &str = "SELECT o.id, o.name, o.created_at, o.updated_at, m.role, m.created_at AS since \
    FROM memberships m JOIN organizations o ON o.id = m.org_id WHERE m.user_id = $1";

fn membership(row: &QueryResult) -> Result<Membership, StorageError> {
    let role: String = row.try_get("", "role")?;
    let unreadable = |error: squad_domain::permission::UnknownOrgRole| StorageError::Unreadable {
        what: "the role of a member".to_owned(),
        why: error.to_string(),
    };
    Ok(Membership {
        organization: OrganizationRow {
            id: OrgId(row.try_get::<Uuid>("", "id")?),
            name: row.try_get("", "name")?,
            created_at: timestamp(row.try_get("", "created_at")?),
            updated_at: timestamp(row.try_get("", "updated_at")?),
        },
        role: role.parse().map_err(unreadable)?,
        since: timestamp(row.try_get("", "since")?),
    })
}

impl Storage {
    /// The organizations that somebody is in, the one joined first coming first.
    ///
    /// # Errors
    /// Where the database fails.
    pub async fn memberships(&self, user: UserId) -> Result<Vec<Membership>, StorageError> {
        let sql = format!("{MEMBERSHIPS} ORDER BY m.created_at, o.id");
        all(&self.pool, &sql, [user.0.into()]).await?.iter().map(membership).collect()
    }

    /// What somebody is in an organization; `None` where they are not in it, or there is none.
    ///
    /// # Errors
    /// Where the database fails.
    pub async fn membership(&self, user: UserId, org: OrgId) -> Result<Option<Membership>, StorageError> {
        let sql = format!("{MEMBERSHIPS} AND o.id = $2");
        one(&self.pool, &sql, [user.0.into(), org.0.into()]).await?.as_ref().map(membership).transpose()
    }
}

/// Makes somebody a member, within a transaction.
pub(super) async fn join<C: ConnectionTrait>(
    connection: &C,
    org: OrgId,
    user: UserId,
    role: OrgRole,
    at: i64,
) -> Result<(), DbErr> {
    let sql = "INSERT INTO memberships (org_id, user_id, role, created_at) VALUES ($1, $2, $3, $4)";
    execute(connection, sql, [org.0.into(), user.0.into(), role.slug().into(), at.into()]).await?;
    Ok(())
}
