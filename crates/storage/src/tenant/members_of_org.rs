//! Who is in the organization, and as what. There is always an owner: whoever would take the last one away holds the
//! organization's row first, so that two owners who remove each other at once do not both succeed.

use super::audit::Audit;
use super::{Author, Page, Tenant, TenantWrite};
use crate::convert::{count, number, timestamp};
use crate::dialect::{execute, one};
use crate::error::StorageError;
use crate::identity::{lock_organization, role};
use async_trait::async_trait;
use sea_orm::{ConnectionTrait, DatabaseTransaction, QueryResult};
use serde_json::json;
use squad_domain::Timestamp;
use squad_domain::ids::{OrgId, UserId};
use squad_domain::permission::OrgRole;
use uuid::Uuid;

/// Somebody who is in the organization.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OrgMemberRow {
    /// Who.
    pub user: UserId,
    /// What people call them.
    pub name: String,
    /// Their address.
    pub email: String,
    /// What they may do here.
    pub role: OrgRole,
    /// Since when.
    pub since: Timestamp,
}

/// What came of changing or removing a member.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum OrgMemberChange {
    /// It is done; this is who it was about, as they are, or were.
    Done(OrgMemberRow),
    /// They are the only owner. Another one must be made first.
    LastOwner,
    /// They are, or would become, more powerful than whoever asks for it.
    TooPowerful,
    /// They are not in the organization.
    NotFound,
}

/// What came of handing the ownership over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Transfer {
    /// The one is an owner now, the other an admin.
    Done,
    /// Whoever hands it over is no owner.
    NotOwner,
    /// Whoever shall have it is not in the organization.
    NotMember,
}

const MEMBERS: &str = "SELECT u.id, u.name, u.email, m.role, m.created_at FROM memberships m \
    JOIN users u ON u.id = m.user_id WHERE m.org_id = $1";

fn member(row: &QueryResult) -> Result<OrgMemberRow, StorageError> {
    let slug: String = row.try_get("", "role")?;
    Ok(OrgMemberRow {
        user: UserId(row.try_get::<Uuid>("", "id")?),
        name: row.try_get("", "name")?,
        email: row.try_get("", "email")?,
        role: role(&slug)?,
        since: timestamp(row.try_get("", "created_at")?),
    })
}

async fn find<C: ConnectionTrait>(
    connection: &C,
    org: OrgId,
    user: UserId,
) -> Result<Option<OrgMemberRow>, StorageError> {
    let sql = format!("{MEMBERS} AND u.id = $2");
    one(connection, &sql, [org.0.into(), user.0.into()]).await?.as_ref().map(member).transpose()
}

impl Tenant {
    /// Who is in the organization. The page goes by the ids of accounts: whoever has the newest account comes first.
    ///
    /// # Errors
    /// Where the database fails.
    pub async fn org_members(&self, page: Page) -> Result<Vec<OrgMemberRow>, StorageError> {
        let sql = format!("{MEMBERS} AND u.id < $2 ORDER BY u.id DESC LIMIT $3");
        let rows = self.all(&sql, [page.below().into(), count(page.limit).into()]).await?;
        rows.iter().map(member).collect()
    }

    /// Somebody who is in the organization.
    ///
    /// # Errors
    /// Where the database fails.
    pub async fn org_member(&self, user: UserId) -> Result<Option<OrgMemberRow>, StorageError> {
        let sql = format!("{MEMBERS} AND u.id = $2");
        self.one(&sql, [user.0.into()]).await?.as_ref().map(member).transpose()
    }

    /// Gives somebody another role, in the name of somebody of the role `by`.
    ///
    /// # Errors
    /// Where the database fails.
    pub async fn change_org_role(
        &self,
        author: &Author,
        by: OrgRole,
        user: UserId,
        role: OrgRole,
    ) -> Result<OrgMemberChange, StorageError> {
        self.write(author, Alter { user, by: Some(by), to: Some(role) }).await
    }

    /// Removes somebody, with their API keys here, in the name of somebody of the role `by`.
    ///
    /// # Errors
    /// Where the database fails.
    pub async fn remove_org_member(
        &self,
        author: &Author,
        by: OrgRole,
        user: UserId,
    ) -> Result<OrgMemberChange, StorageError> {
        self.write(author, Alter { user, by: Some(by), to: None }).await
    }

    /// Lets somebody leave, whatever they are.
    ///
    /// # Errors
    /// Where the database fails.
    pub async fn leave_organization(
        &self,
        author: &Author,
        user: UserId,
    ) -> Result<OrgMemberChange, StorageError> {
        self.write(author, Alter { user, by: None, to: None }).await
    }

    /// Makes `to` an owner, and `from`, who was one, an admin.
    ///
    /// # Errors
    /// Where the database fails.
    pub async fn transfer_ownership(
        &self,
        author: &Author,
        from: UserId,
        to: UserId,
    ) -> Result<Transfer, StorageError> {
        self.write(author, HandOver { from, to }).await
    }
}

async fn set_role(
    transaction: &DatabaseTransaction,
    org: OrgId,
    user: UserId,
    role: OrgRole,
) -> Result<(), StorageError> {
    let sql = "UPDATE memberships SET role = $3 WHERE org_id = $1 AND user_id = $2";
    execute(transaction, sql, [org.0.into(), user.0.into(), role.slug().into()]).await?;
    Ok(())
}

struct Alter {
    user: UserId,
    /// What whoever asks for it is; `None` where they do it to themselves.
    by: Option<OrgRole>,
    /// `None` to remove them.
    to: Option<OrgRole>,
}

#[async_trait]
impl TenantWrite for Alter {
    type Output = OrgMemberChange;
    type Error = StorageError;

    async fn run(
        &self,
        transaction: &DatabaseTransaction,
        org: OrgId,
        _: i64,
    ) -> Result<OrgMemberChange, StorageError> {
        lock_organization(transaction, org).await?;
        let Some(found) = find(transaction, org, self.user).await? else {
            return Ok(OrgMemberChange::NotFound);
        };
        let allowed = |by: OrgRole| by.may_appoint(found.role) && self.to.is_none_or(|to| by.may_appoint(to));
        if !self.by.is_none_or(allowed) {
            return Ok(OrgMemberChange::TooPowerful);
        }
        if found.role == OrgRole::Owner && self.to != Some(OrgRole::Owner) {
            let sql =
                "SELECT count(*) AS n FROM memberships WHERE org_id = $1 AND user_id <> $2 AND role = $3";
            let values = [org.0.into(), self.user.0.into(), OrgRole::Owner.slug().into()];
            let others = one(transaction, sql, values).await?.map_or(Ok(0), |row| row.try_get("", "n"))?;
            if number(others) == 0 {
                return Ok(OrgMemberChange::LastOwner);
            }
        }
        let Some(role) = self.to else {
            let sql = "DELETE FROM memberships WHERE org_id = $1 AND user_id = $2";
            execute(transaction, sql, [org.0.into(), self.user.0.into()]).await?;
            return Ok(OrgMemberChange::Done(found));
        };
        set_role(transaction, org, self.user, role).await?;
        Ok(OrgMemberChange::Done(OrgMemberRow { role, ..found }))
    }

    fn audit(&self, output: &OrgMemberChange) -> Option<Audit> {
        let OrgMemberChange::Done(_) = output else { return None };
        let (action, details) = match (self.to, self.by) {
            (Some(role), _) => ("member.role_changed", json!({ "role": role })),
            (None, Some(_)) => ("member.removed", json!({})),
            (None, None) => ("member.left", json!({})),
        };
        Some(Audit::new(action, self.user, details))
    }
}

struct HandOver {
    from: UserId,
    to: UserId,
}

#[async_trait]
impl TenantWrite for HandOver {
    type Output = Transfer;
    type Error = StorageError;

    async fn run(
        &self,
        transaction: &DatabaseTransaction,
        org: OrgId,
        _: i64,
    ) -> Result<Transfer, StorageError> {
        lock_organization(transaction, org).await?;
        if find(transaction, org, self.from).await?.is_none_or(|from| from.role != OrgRole::Owner) {
            return Ok(Transfer::NotOwner);
        }
        if find(transaction, org, self.to).await?.is_none() {
            return Ok(Transfer::NotMember);
        }
        // In this order, whoever hands it to themselves keeps it.
        set_role(transaction, org, self.from, OrgRole::Admin).await?;
        set_role(transaction, org, self.to, OrgRole::Owner).await?;
        Ok(Transfer::Done)
    }

    fn audit(&self, output: &Transfer) -> Option<Audit> {
        let done = *output == Transfer::Done;
        done.then(|| Audit::new("organization.transferred", self.to, json!({ "from": self.from })))
    }
}
