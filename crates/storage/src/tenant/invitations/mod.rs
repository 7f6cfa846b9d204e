//! Invitations to the organization, sent by mail. One address has one open invitation at a time.

mod accept;

pub use accept::{Acceptance, InvitationOffer};

use super::audit::Audit;
use super::{Author, Page, Tenant, TenantWrite};
use crate::convert::{count, micros, text, timestamp};
use crate::dialect::{execute, one};
use crate::error::StorageError;
use crate::identity::{lock_organization, role};
use async_trait::async_trait;
use sea_orm::{DatabaseTransaction, QueryResult};
use serde_json::json;
use squad_domain::Timestamp;
use squad_domain::ids::{OrgId, UserId};
use squad_domain::permission::OrgRole;
use uuid::Uuid;

/// An invitation that is about to be sent.
#[derive(Clone)]
pub struct NewInvitation {
    /// Its id.
    pub id: Uuid,
    /// To which address, as it is compared: trimmed, in lower case.
    pub email: String,
    /// As what.
    pub role: OrgRole,
    /// The hash of the token in it.
    pub hash: String,
    /// Who invites; `None` for the system.
    pub invited_by: Option<UserId>,
    /// Until when it is good.
    pub expires_at: Timestamp,
}

impl std::fmt::Debug for NewInvitation {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("NewInvitation")
            .field("id", &self.id)
            .field("role", &self.role)
            .finish_non_exhaustive()
    }
}

/// An invitation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InvitationRow {
    /// Its id.
    pub id: Uuid,
    /// To which address.
    pub email: String,
    /// As what.
    pub role: OrgRole,
    /// Who invited; `None` where it was the system, or their account is gone.
    pub invited_by: Option<UserId>,
    /// When.
    pub created_at: Timestamp,
    /// Until when it is good.
    pub expires_at: Timestamp,
}

/// What came of inviting somebody.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Invited {
    /// The invitation is good from now on; an earlier one is not any more.
    Done(InvitationRow),
    /// Somebody with this address is in the organization already.
    AlreadyMember,
    /// There is no such organization, or whoever invites is not in it.
    NotFound,
}

const COLUMNS: &str = "id, email, role, invited_by, created_at, expires_at";
/// Neither accepted nor revoked. It may have expired.
const OPEN: &str = "accepted_at IS NULL AND revoked_at IS NULL";

fn invitation(row: &QueryResult) -> Result<InvitationRow, StorageError> {
    let slug: String = row.try_get("", "role")?;
    Ok(InvitationRow {
        id: row.try_get("", "id")?,
        email: row.try_get("", "email")?,
        role: role(&slug)?,
        invited_by: row.try_get::<Option<Uuid>>("", "invited_by")?.map(UserId),
        created_at: timestamp(row.try_get("", "created_at")?),
        expires_at: timestamp(row.try_get("", "expires_at")?),
    })
}

impl Tenant {
    /// Invites an address, in place of an open invitation to it.
    ///
    /// # Errors
    /// Where the database fails.
    pub async fn invite(&self, author: &Author, new: NewInvitation) -> Result<Invited, StorageError> {
        self.write(author, Invite(new)).await
    }

    /// The open invitations, the newest first. Expired ones are shown: somebody may want to send them again.
    ///
    /// # Errors
    /// Where the database fails.
    pub async fn invitations(&self, page: Page) -> Result<Vec<InvitationRow>, StorageError> {
        let sql = format!(
            "SELECT {COLUMNS} FROM invitations WHERE org_id = $1 AND {OPEN} AND id < $2 ORDER BY id DESC LIMIT $3"
        );
        let rows = self.all(&sql, [page.below().into(), count(page.limit).into()]).await?;
        rows.iter().map(invitation).collect()
    }

    /// Takes an open invitation back. `None` where there is none.
    ///
    /// # Errors
    /// Where the database fails.
    pub async fn revoke_invitation(
        &self,
        author: &Author,
        id: Uuid,
    ) -> Result<Option<InvitationRow>, StorageError> {
        self.write(author, Revoke(id)).await
    }
}

struct Invite(NewInvitation);

#[async_trait]
impl TenantWrite for Invite {
    type Output = Invited;
    type Error = StorageError;

    async fn run(
        &self,
        transaction: &DatabaseTransaction,
        org: OrgId,
        at: i64,
    ) -> Result<Invited, StorageError> {
        let new = &self.0;
        let email = text(&new.email);
        if !lock_organization(transaction, org).await? {
            return Ok(Invited::NotFound);
        }
        let within = "SELECT 1 AS found FROM memberships WHERE org_id = $1 AND user_id = $2";
        if let Some(by) = new.invited_by
            && one(transaction, within, [org.0.into(), by.0.into()]).await?.is_none()
        {
            return Ok(Invited::NotFound);
        }
        let member = "SELECT 1 AS found FROM memberships m JOIN users u ON u.id = m.user_id \
            WHERE m.org_id = $1 AND u.email = $2";
        if one(transaction, member, [org.0.into(), email.as_str().into()]).await?.is_some() {
            return Ok(Invited::AlreadyMember);
        }
        let replace =
            format!("UPDATE invitations SET revoked_at = $3 WHERE org_id = $1 AND email = $2 AND {OPEN}");
        execute(transaction, &replace, [org.0.into(), email.as_str().into(), at.into()]).await?;
        let sql = format!(
            "INSERT INTO invitations (org_id, id, email, role, hash, invited_by, created_at, expires_at) \
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8) RETURNING {COLUMNS}"
        );
        let values = [
            org.0.into(),
            new.id.into(),
            email.into(),
            new.role.slug().into(),
            new.hash.as_str().into(),
            new.invited_by.map(|user| user.0).into(),
            at.into(),
            micros(new.expires_at).into(),
        ];
        let row = one(transaction, &sql, values).await?;
        let row = row.ok_or_else(|| StorageError::NotFound { what: "the new invitation".to_owned() })?;
        Ok(Invited::Done(invitation(&row)?))
    }

    fn audit(&self, output: &Invited) -> Option<Audit> {
        let Invited::Done(row) = output else { return None };
        Some(Audit::new("invitation.sent", row.id, json!({ "email": row.email, "role": row.role })))
    }
}

struct Revoke(Uuid);

#[async_trait]
impl TenantWrite for Revoke {
    type Output = Option<InvitationRow>;
    type Error = StorageError;

    async fn run(
        &self,
        transaction: &DatabaseTransaction,
        org: OrgId,
        at: i64,
    ) -> Result<Option<InvitationRow>, StorageError> {
        let sql = format!(
            "UPDATE invitations SET revoked_at = $3 WHERE org_id = $1 AND id = $2 AND {OPEN} RETURNING {COLUMNS}"
        );
        let row = one(transaction, &sql, [org.0.into(), self.0.into(), at.into()]).await?;
        row.as_ref().map(invitation).transpose()
    }

    fn audit(&self, output: &Option<InvitationRow>) -> Option<Audit> {
        let row = output.as_ref()?;
        Some(Audit::new("invitation.revoked", row.id, json!({ "email": row.email })))
    }
}
