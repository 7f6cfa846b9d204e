//! An invitation that comes back. Whoever holds it is in no organization yet, so this does not go through one.

use super::{InvitationRow, OPEN, invitation};
use crate::connect::Storage;
use crate::convert::{micros, text};
use crate::dialect::{execute, one};
use crate::error::StorageError;
use crate::identity::{lock_organization, lock_user};
use crate::tenant::Author;
use crate::tenant::audit::{Audit, append};
use crate::write::Write;
use async_trait::async_trait;
use sea_orm::DatabaseTransaction;
use serde_json::json;
use squad_domain::Timestamp;
use squad_domain::ids::{OrgId, UserId};

/// An invitation, as whoever holds it sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InvitationOffer {
    /// The invitation.
    pub invitation: InvitationRow,
    /// Where it leads.
    pub organization: OrgId,
    /// What that is called.
    pub organization_name: String,
}

/// What came of accepting an invitation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Acceptance {
    /// They are in this organization now.
    Joined(OrgId),
    /// They were in this organization before, as what they are. The invitation is used up.
    AlreadyMember(OrgId),
    /// It was sent to another address.
    WrongAddress,
    /// There is no such invitation, or it has expired, was used, taken back or replaced. Or there is no such account.
    Void,
}

const OFFER: &str = "SELECT i.id, i.email, i.role, i.invited_by, i.created_at, i.expires_at, i.org_id, o.name AS org_name \
    FROM invitations i JOIN organizations o ON o.id = i.org_id";

impl Storage {
    /// The invitation whose token has this hash, where it is good.
    ///
    /// # Errors
    /// Where the database fails.
    pub async fn invitation(
        &self,
        hash: &str,
        now: Timestamp,
    ) -> Result<Option<InvitationOffer>, StorageError> {
        let sql = format!("{OFFER} WHERE i.hash = $1 AND i.expires_at > $2 AND {OPEN}");
        let row = one(&self.pool, &sql, [hash.into(), micros(now).into()]).await?;
        let offer = row.as_ref().map(|row| {
            Ok(InvitationOffer {
                invitation: invitation(row)?,
                organization: OrgId(row.try_get("", "org_id")?),
                organization_name: row.try_get("", "org_name")?,
            })
        });
        offer.transpose()
    }

    /// Lets somebody join by an invitation. `email` is an address that is known to be theirs, or that of their account,
    /// which this verifies.
    ///
    /// # Errors
    /// Where the database fails.
    pub async fn accept_invitation(
        &self,
        author: &Author,
        hash: &str,
        user: UserId,
        email: &str,
    ) -> Result<Acceptance, StorageError> {
        let (author, hash, email) = (author.clone(), hash.to_owned(), text(email));
        self.write(Accept { author, hash, user, email }).await
    }
}

struct Accept {
    author: Author,
    hash: String,
    user: UserId,
    email: String,
}

#[async_trait]
impl Write for Accept {
    type Output = Acceptance;
    type Error = StorageError;

    async fn run(&self, transaction: &DatabaseTransaction) -> Result<Acceptance, StorageError> {
        let at = micros(self.author.at);
        let hash = || self.hash.as_str().into();
        let place = "SELECT org_id FROM invitations WHERE hash = $1";
        let Some(row) = one(transaction, place, [hash()]).await? else { return Ok(Acceptance::Void) };
        let org = OrgId(row.try_get("", "org_id")?);
        // What is read before these two are held may have changed since.
        if !lock_user(transaction, self.user).await? || !lock_organization(transaction, org).await? {
            return Ok(Acceptance::Void);
        }
        let sql = format!("{OFFER} WHERE i.hash = $1 AND i.expires_at > $2 AND {OPEN}");
        let Some(row) = one(transaction, &sql, [hash(), at.into()]).await? else {
            return Ok(Acceptance::Void);
        };
        let found = invitation(&row)?;
        if found.email != self.email {
            return Ok(Acceptance::WrongAddress);
        }
        let used = "UPDATE invitations SET accepted_at = $2 WHERE hash = $1";
        execute(transaction, used, [hash(), at.into()]).await?;
        // The token was in a mail to that address: whoever has it reads what is sent there.
        let verified = "UPDATE users SET email_verified_at = $3, updated_at = $3 \
            WHERE id = $1 AND email = $2 AND email_verified_at IS NULL";
        execute(transaction, verified, [self.user.0.into(), self.email.as_str().into(), at.into()]).await?;
        let join = "INSERT INTO memberships (org_id, user_id, role, created_at) VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING";
        let values = [org.0.into(), self.user.0.into(), found.role.slug().into(), at.into()];
        if execute(transaction, join, values).await? == 0 {
            return Ok(Acceptance::AlreadyMember(org));
        }
        let details = json!({ "role": found.role, "invitation": found.id });
        append(transaction, org, &self.author, Audit::new("member.joined", self.user, details)).await?;
        Ok(Acceptance::Joined(org))
    }
}
