//! Organizations, and who is in them.

use crate::connect::Storage;
use crate::convert::{micros, number, text, timestamp};
use crate::dialect::{all, execute, one};
use crate::error::StorageError;
use crate::tenant::{Audit, Author, append};
use crate::write::Write;
use async_trait::async_trait;
use sea_orm::{ConnectionTrait, DatabaseTransaction, DbErr, QueryResult};
use serde_json::json;
use squad_domain::Timestamp;
use squad_domain::ids::{OrgId, UserId};
use squad_domain::permission::{OrgRole, UnknownOrgRole};
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

impl OrganizationRow {
    /// Its version: another one after each change.
    #[must_use]
    pub fn version(&self) -> u64 {
        number(micros(self.updated_at))
    }
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

/// A role, as its column holds it.
pub(crate) fn role(slug: &str) -> Result<OrgRole, StorageError> {
    slug.parse().map_err(|error: UnknownOrgRole| StorageError::Unreadable {
        what: "the role of a member".to_owned(),
        why: error.to_string(),
    })
}

const MEMBERSHIPS: &str = "SELECT o.id, o.name, o.created_at, o.updated_at, m.role, m.created_at AS since \
    FROM memberships m JOIN organizations o ON o.id = m.org_id WHERE m.user_id = $1";

/// The organization in a row.
pub(crate) fn organization(row: &QueryResult) -> Result<OrganizationRow, DbErr> {
    Ok(OrganizationRow {
        id: OrgId(row.try_get::<Uuid>("", "id")?),
        name: row.try_get("", "name")?,
        created_at: timestamp(row.try_get("", "created_at")?),
        updated_at: timestamp(row.try_get("", "updated_at")?),
    })
}

fn membership(row: &QueryResult) -> Result<Membership, StorageError> {
    let slug: String = row.try_get("", "role")?;
    Ok(Membership {
        organization: organization(row)?,
        role: role(&slug)?,
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

    /// Makes an organization; whoever asks for it is its owner. `None` where there is no such account, or the id is taken.
    ///
    /// # Errors
    /// Where the database fails.
    pub async fn create_organization(
        &self,
        author: &Author,
        owner: UserId,
        id: OrgId,
        name: &str,
    ) -> Result<Option<OrganizationRow>, StorageError> {
        self.write(Create { author: author.clone(), owner, id, name: text(name) }).await
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

struct Create {
    author: Author,
    owner: UserId,
    id: OrgId,
    name: String,
}

#[async_trait]
impl Write for Create {
    type Output = Option<OrganizationRow>;
    type Error = StorageError;

    async fn run(&self, transaction: &DatabaseTransaction) -> Result<Self::Output, StorageError> {
        // An account that is being deleted gets no organization that nobody would be left in.
        if !super::users::lock(transaction, self.owner).await? {
            return Ok(None);
        }
        let at = micros(self.author.at);
        let insert = "INSERT INTO organizations (id, name, created_at, updated_at) VALUES ($1, $2, $3, $3) ON CONFLICT DO NOTHING";
        let values = [self.id.0.into(), self.name.as_str().into(), at.into()];
        if execute(transaction, insert, values).await? == 0 {
            return Ok(None);
        }
        join(transaction, self.id, self.owner, OrgRole::Owner, at).await?;
        let audit = Audit::new("organization.created", self.id, json!({ "name": self.name }));
        append(transaction, self.id, &self.author, audit).await?;
        let (created_at, name) = (timestamp(at), self.name.clone());
        Ok(Some(OrganizationRow { id: self.id, name, created_at, updated_at: created_at }))
    }
}

/// Holds an organization's row until the end of the transaction, so that who is in it, and who is asked to come, changes
/// one after the other. Tells whether there is one.
pub(crate) async fn lock(transaction: &DatabaseTransaction, org: OrgId) -> Result<bool, DbErr> {
    let sql = "UPDATE organizations SET updated_at = updated_at WHERE id = $1";
    Ok(execute(transaction, sql, [org.0.into()]).await? == 1)
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
