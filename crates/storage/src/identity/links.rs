//! Links that are sent by mail. Each is good once, for one purpose, until it expires or a newer one is sent.

use super::sessions::{SessionEnd, end_all};
use crate::connect::Storage;
use crate::convert::{micros, text};
use crate::dialect::{execute, one};
use crate::error::StorageError;
use crate::write::Write;
use async_trait::async_trait;
use sea_orm::DatabaseTransaction;
use squad_domain::Timestamp;
use squad_domain::ids::UserId;
use uuid::Uuid;

/// What a link is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LinkPurpose {
    /// Shows that an address is theirs, and makes it the account's.
    VerifyEmail,
    /// Lets them choose a new password.
    ResetPassword,
}

impl LinkPurpose {
    const fn slug(self) -> &'static str {
        match self {
            Self::VerifyEmail => "verify_email",
            Self::ResetPassword => "reset_password",
        }
    }
}

/// A link that is about to be sent.
#[derive(Debug, Clone)]
pub struct NewEmailLink {
    /// The hash of the token in it.
    pub hash: String,
    /// Whose account it is about.
    pub user: UserId,
    /// What for.
    pub purpose: LinkPurpose,
    /// Where it is sent, in lower case.
    pub email: String,
    /// When.
    pub at: Timestamp,
    /// Until when it is good.
    pub expires_at: Timestamp,
}

/// A link that came back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EmailLink {
    /// Whose account it is about.
    pub user: UserId,
    /// Where it was sent.
    pub email: String,
}

impl Storage {
    /// Remembers a link. Earlier ones of the same account and purpose are good no more.
    ///
    /// # Errors
    /// Where the database fails.
    pub async fn add_email_link(&self, link: NewEmailLink) -> Result<(), StorageError> {
        self.write(Add(link)).await
    }

    /// Shows that an address is theirs by the link that was sent there: it becomes the account's own, and is verified.
    /// `None` where the link is not good, or the address has become somebody else's.
    ///
    /// # Errors
    /// Where the database fails.
    pub async fn verify_email(&self, hash: &str, at: Timestamp) -> Result<Option<EmailLink>, StorageError> {
        self.write(Use { hash: hash.to_owned(), at: micros(at), to: Purpose::Verify }).await
    }

    /// Sets a new password by the link that was sent to the account's address, which is verified by that, too. Ends all
    /// sessions of the account. `None` where the link is not good.
    ///
    /// # Errors
    /// Where the database fails.
    pub async fn reset_password(
        &self,
        hash: &str,
        password_hash: &str,
        at: Timestamp,
    ) -> Result<Option<EmailLink>, StorageError> {
        let to = Purpose::Reset { password_hash: password_hash.to_owned() };
        self.write(Use { hash: hash.to_owned(), at: micros(at), to }).await
    }
}

struct Add(NewEmailLink);

#[async_trait]
impl Write for Add {
    type Output = ();
    type Error = StorageError;

    async fn run(&self, transaction: &DatabaseTransaction) -> Result<(), StorageError> {
        let NewEmailLink { hash, user, purpose, email, at, expires_at } = &self.0;
        let void =
            "UPDATE email_links SET used_at = $1 WHERE user_id = $2 AND purpose = $3 AND used_at IS NULL";
        execute(transaction, void, [micros(*at).into(), user.0.into(), purpose.slug().into()]).await?;
        execute(
            transaction,
            "INSERT INTO email_links (hash, user_id, purpose, email, created_at, expires_at) VALUES ($1, $2, $3, $4, $5, $6)",
            [
                hash.as_str().into(),
                user.0.into(),
                purpose.slug().into(),
                text(email).into(),
                micros(*at).into(),
                micros(*expires_at).into(),
            ],
        )
        .await?;
        Ok(())
    }
}

enum Purpose {
    Verify,
    Reset { password_hash: String },
}

struct Use {
    hash: String,
    at: i64,
    to: Purpose,
}

#[async_trait]
impl Write for Use {
    type Output = Option<EmailLink>;
    type Error = StorageError;

    async fn run(&self, transaction: &DatabaseTransaction) -> Result<Self::Output, StorageError> {
        let purpose = match &self.to {
            Purpose::Verify => LinkPurpose::VerifyEmail,
            Purpose::Reset { .. } => LinkPurpose::ResetPassword,
        };
        let used = "UPDATE email_links SET used_at = $1 \
            WHERE hash = $2 AND purpose = $3 AND used_at IS NULL AND expires_at > $1 RETURNING user_id, email";
        let values = [self.at.into(), self.hash.as_str().into(), purpose.slug().into()];
        let Some(row) = one(transaction, used, values).await? else { return Ok(None) };
        let user: Uuid = row.try_get("", "user_id")?;
        let email: String = row.try_get("", "email")?;
        match &self.to {
            Purpose::Verify => {
                let own = "UPDATE users SET email = $1, email_verified_at = $2, updated_at = $2 \
                    WHERE id = $3 AND NOT EXISTS (SELECT 1 FROM users WHERE email = $1 AND id <> $3)";
                let values = [email.as_str().into(), self.at.into(), user.into()];
                if execute(transaction, own, values).await? == 0 {
                    return Ok(None);
                }
            }
            Purpose::Reset { password_hash } => {
                let set = "UPDATE users SET password_hash = $1, updated_at = $2, \
                    email_verified_at = CASE WHEN email = $3 THEN coalesce(email_verified_at, $2) ELSE email_verified_at END WHERE id = $4";
                let values =
                    [password_hash.as_str().into(), self.at.into(), email.as_str().into(), user.into()];
                execute(transaction, set, values).await?;
                end_all(transaction, UserId(user), None, SessionEnd::PasswordChanged, self.at).await?;
            }
        }
        Ok(Some(EmailLink { user: UserId(user), email }))
    }
}
