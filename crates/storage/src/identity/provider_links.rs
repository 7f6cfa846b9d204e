//! Which account at an OpenID Connect provider belongs to which account here.

use crate::connect::Storage;
use crate::convert::{micros, text, timestamp};
use crate::dialect::{all, execute, one};
use crate::error::StorageError;
use crate::write::Write;
use async_trait::async_trait;
use sea_orm::{ConnectionTrait, DatabaseTransaction, DbErr, QueryResult};
use squad_domain::Timestamp;
use squad_domain::ids::UserId;
use uuid::Uuid;

/// An account at a provider that somebody signs in with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IdentityLinkRow {
    /// The provider, by its name in the configuration or by its issuer.
    pub provider: String,
    /// The account there: the claim `sub`.
    pub subject: String,
    /// Whose account it is here.
    pub user: UserId,
    /// The address that the provider gave when it was linked.
    pub email: String,
    /// Since when.
    pub created_at: Timestamp,
}

/// What came of linking.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Linked {
    /// It is linked now, or was to the same account.
    Done,
    /// Somebody else here signs in with it.
    Taken,
    /// There is no such account here.
    NotFound,
}

/// What came of taking a link away.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unlinked {
    /// It is gone.
    Done,
    /// They have no such link.
    NotFound,
    /// They could not sign in any more: they have neither a password nor another link.
    OnlyWayIn,
}

const COLUMNS: &str = "provider, subject, user_id, email, created_at";

fn link(row: &QueryResult) -> Result<IdentityLinkRow, DbErr> {
    Ok(IdentityLinkRow {
        provider: row.try_get("", "provider")?,
        subject: row.try_get("", "subject")?,
        user: UserId(row.try_get::<Uuid>("", "user_id")?),
        email: row.try_get("", "email")?,
        created_at: timestamp(row.try_get("", "created_at")?),
    })
}

async fn find<C: ConnectionTrait>(
    connection: &C,
    provider: &str,
    subject: &str,
) -> Result<Option<IdentityLinkRow>, DbErr> {
    let sql = format!("SELECT {COLUMNS} FROM identity_links WHERE provider = $1 AND subject = $2");
    one(connection, &sql, [provider.into(), subject.into()]).await?.as_ref().map(link).transpose()
}

impl Storage {
    /// Whose account here belongs to an account at a provider.
    ///
    /// # Errors
    /// Where the database fails.
    pub async fn identity_link(
        &self,
        provider: &str,
        subject: &str,
    ) -> Result<Option<IdentityLinkRow>, StorageError> {
        Ok(find(&self.pool, &text(provider), &text(subject)).await?)
    }

    /// The links of an account, by provider.
    ///
    /// # Errors
    /// Where the database fails.
    pub async fn identity_links(&self, user: UserId) -> Result<Vec<IdentityLinkRow>, StorageError> {
        let sql =
            format!("SELECT {COLUMNS} FROM identity_links WHERE user_id = $1 ORDER BY provider, subject");
        let rows = all(&self.pool, &sql, [user.0.into()]).await?;
        Ok(rows.iter().map(link).collect::<Result<_, _>>()?)
    }

    /// Lets somebody sign in with an account at a provider. Whoever calls this has seen that both are theirs.
    ///
    /// # Errors
    /// Where the database fails.
    pub async fn link_identity(&self, link: IdentityLinkRow) -> Result<Linked, StorageError> {
        self.write(Link(link)).await
    }

    /// Takes a link away, unless it is the only way in.
    ///
    /// # Errors
    /// Where the database fails.
    pub async fn unlink_identity(
        &self,
        user: UserId,
        provider: &str,
        subject: &str,
    ) -> Result<Unlinked, StorageError> {
        self.write(Unlink { user, provider: text(provider), subject: text(subject) }).await
    }
}

struct Link(IdentityLinkRow);

#[async_trait]
impl Write for Link {
    type Output = Linked;
    type Error = StorageError;

    async fn run(&self, transaction: &DatabaseTransaction) -> Result<Linked, StorageError> {
        let IdentityLinkRow { provider, subject, user, email, created_at } = &self.0;
        if !super::users::lock(transaction, *user).await? {
            return Ok(Linked::NotFound);
        }
        let (provider, subject) = (text(provider), text(subject));
        let sql = "INSERT INTO identity_links (provider, subject, user_id, email, created_at) \
            VALUES ($1, $2, $3, $4, $5) ON CONFLICT (provider, subject) DO NOTHING";
        let values = [
            provider.as_str().into(),
            subject.as_str().into(),
            user.0.into(),
            text(email).into(),
            micros(*created_at).into(),
        ];
        if execute(transaction, sql, values).await? == 1 {
            return Ok(Linked::Done);
        }
        let theirs = find(transaction, &provider, &subject).await?.is_some_and(|link| link.user == *user);
        Ok(if theirs { Linked::Done } else { Linked::Taken })
    }
}

struct Unlink {
    user: UserId,
    provider: String,
    subject: String,
}

#[async_trait]
impl Write for Unlink {
    type Output = Unlinked;
    type Error = StorageError;

    async fn run(&self, transaction: &DatabaseTransaction) -> Result<Unlinked, StorageError> {
        // Two links that are taken away at once are not both the other one.
        super::users::lock(transaction, self.user).await?;
        let own = "SELECT (SELECT count(*) FROM identity_links l WHERE l.user_id = u.id) AS links, \
            CASE WHEN u.password_hash IS NULL THEN 0 ELSE 1 END AS passwords FROM users u \
            JOIN identity_links i ON i.user_id = u.id WHERE u.id = $1 AND i.provider = $2 AND i.subject = $3";
        let values = [self.user.0.into(), self.provider.as_str().into(), self.subject.as_str().into()];
        let Some(row) = one(transaction, own, values.clone()).await? else { return Ok(Unlinked::NotFound) };
        let (links, passwords): (i64, i32) = (row.try_get("", "links")?, row.try_get("", "passwords")?);
        if links < 2 && passwords == 0 {
            return Ok(Unlinked::OnlyWayIn);
        }
        let sql = "DELETE FROM identity_links WHERE user_id = $1 AND provider = $2 AND subject = $3";
        execute(transaction, sql, values).await?;
        Ok(Unlinked::Done)
    }
}
