//! Accounts.

use crate::connect::Storage;
use crate::convert::{micros, text, timestamp};
use crate::dialect::{execute, one};
use crate::error::StorageError;
use crate::write::Write;
use async_trait::async_trait;
use sea_orm::{ConnectionTrait, DatabaseTransaction, DbErr, QueryResult};
use squad_domain::Timestamp;
use squad_domain::ids::{OrgId, UserId};
use squad_domain::permission::OrgRole;
use uuid::Uuid;

/// Somebody who is about to get an account.
#[derive(Debug, Clone)]
pub struct NewUser {
    /// Its id.
    pub id: UserId,
    /// The address, as it is compared: trimmed, in lower case.
    pub email: String,
    /// What people call them.
    pub name: String,
    /// The hash of the password; `None` for those who sign in through a provider alone.
    pub password_hash: Option<String>,
    /// The organization that the account begins with, and its name.
    pub organization: (OrgId, String),
    /// When.
    pub at: Timestamp,
}

/// An account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UserRow {
    /// Its id.
    pub id: UserId,
    /// The address.
    pub email: String,
    /// What people call them.
    pub name: String,
    /// When the address was shown to be theirs.
    pub email_verified_at: Option<Timestamp>,
    /// Since when there is an account.
    pub created_at: Timestamp,
    /// When it last changed: its version.
    pub updated_at: Timestamp,
}

/// An account, and what it takes to sign in to it.
#[derive(Debug, Clone)]
pub struct Account {
    /// Whose.
    pub user: UserRow,
    /// The hash of the password; `None` where none was ever set.
    pub password_hash: Option<String>,
}

const COLUMNS: &str = "id, email, name, password_hash, email_verified_at, created_at, updated_at";

/// The columns of an account `u` in a statement that joins it with others.
pub(crate) const USER: &str = "u.id AS u_id, u.email AS u_email, u.name AS u_name, \
    u.email_verified_at AS u_email_verified_at, u.created_at AS u_created_at, u.updated_at AS u_updated_at";

/// The account in a row, from columns that begin with `prefix`.
pub(crate) fn user(row: &QueryResult, prefix: &str) -> Result<UserRow, DbErr> {
    let verified: Option<i64> = row.try_get(prefix, "email_verified_at")?;
    Ok(UserRow {
        id: UserId(row.try_get::<Uuid>(prefix, "id")?),
        email: row.try_get(prefix, "email")?,
        name: row.try_get(prefix, "name")?,
        email_verified_at: verified.map(timestamp),
        created_at: timestamp(row.try_get(prefix, "created_at")?),
        updated_at: timestamp(row.try_get(prefix, "updated_at")?),
    })
}

fn account(row: &QueryResult) -> Result<Account, DbErr> {
    Ok(Account { user: user(row, "")?, password_hash: row.try_get("", "password_hash")? })
}

/// Holds an account's row until the end of the transaction. Tells whether there is one. Whoever also holds an
/// organization takes this first.
pub(crate) async fn lock(transaction: &DatabaseTransaction, user: UserId) -> Result<bool, DbErr> {
    let sql = "UPDATE users SET updated_at = updated_at WHERE id = $1";
    Ok(execute(transaction, sql, [user.0.into()]).await? == 1)
}

impl Storage {
    /// Makes an account with an organization of its own. `None` where the address has an account already. The first
    /// account of a fresh installation begins with the organization in which the command line works, `local`, and its
    /// address counts as verified.
    ///
    /// # Errors
    /// Where the database fails.
    pub async fn create_user(&self, user: NewUser, local: OrgId) -> Result<Option<UserRow>, StorageError> {
        self.write(Create { user, local }).await
    }

    /// Whether there is any account.
    ///
    /// # Errors
    /// Where the database fails.
    pub async fn has_users(&self) -> Result<bool, StorageError> {
        Ok(one(&self.pool, "SELECT 1 AS found FROM users LIMIT 1", []).await?.is_some())
    }

    /// The account of an address.
    ///
    /// # Errors
    /// Where the database fails.
    pub async fn account_of(&self, email: &str) -> Result<Option<Account>, StorageError> {
        let sql = format!("SELECT {COLUMNS} FROM users WHERE email = $1");
        let row = one(&self.pool, &sql, [email.into()]).await?;
        Ok(row.as_ref().map(account).transpose()?)
    }

    /// An account.
    ///
    /// # Errors
    /// Where the database fails.
    pub async fn account(&self, id: UserId) -> Result<Option<Account>, StorageError> {
        Ok(find(&self.pool, id).await?)
    }

    /// Changes what people call them. `None` where there is no such account.
    ///
    /// # Errors
    /// Where the database fails.
    pub async fn rename_user(
        &self,
        id: UserId,
        name: &str,
        at: Timestamp,
    ) -> Result<Option<UserRow>, StorageError> {
        self.write(Change { id, at: micros(at), what: What::Name(text(name)) }).await
    }

    /// Sets the hash of the password. `None` where there is no such account.
    ///
    /// # Errors
    /// Where the database fails.
    pub async fn set_password(
        &self,
        id: UserId,
        hash: &str,
        at: Timestamp,
    ) -> Result<Option<UserRow>, StorageError> {
        self.write(Change { id, at: micros(at), what: What::Password(hash.to_owned()) }).await
    }
}

pub(super) async fn find<C: ConnectionTrait>(connection: &C, id: UserId) -> Result<Option<Account>, DbErr> {
    let sql = format!("SELECT {COLUMNS} FROM users WHERE id = $1");
    one(connection, &sql, [id.0.into()]).await?.as_ref().map(account).transpose()
}

struct Create {
    user: NewUser,
    local: OrgId,
}

#[async_trait]
impl Write for Create {
    type Output = Option<UserRow>;
    type Error = StorageError;

    async fn run(&self, transaction: &DatabaseTransaction) -> Result<Self::Output, StorageError> {
        let NewUser { id, email, name, password_hash, organization, at } = &self.user;
        let at = micros(*at);
        // Whoever makes the local organization is the first. Two who register at once meet on this row.
        let local = (self.local, "Home".to_owned());
        let insert = "INSERT INTO organizations (id, name, created_at, updated_at) VALUES ($1, $2, $3, $3) ON CONFLICT DO NOTHING";
        let first =
            execute(transaction, insert, [local.0.0.into(), local.1.as_str().into(), at.into()]).await? == 1;
        let (org, org_name) = if first { &local } else { organization };
        let verified = first.then_some(at);
        let made = execute(
            transaction,
            "INSERT INTO users (id, email, name, password_hash, email_verified_at, created_at, updated_at) \
             VALUES ($1, $2, $3, $4, $5, $6, $6) ON CONFLICT DO NOTHING",
            [
                id.0.into(),
                text(email).into(),
                text(name).into(),
                password_hash.clone().into(),
                verified.into(),
                at.into(),
            ],
        )
        .await?;
        if made == 0 {
            return Ok(None);
        }
        if !first {
            execute(transaction, insert, [org.0.into(), text(org_name).into(), at.into()]).await?;
        }
        super::organizations::join(transaction, *org, *id, OrgRole::Owner, at).await?;
        Ok(find(transaction, *id).await?.map(|account| account.user))
    }
}

enum What {
    Name(String),
    Password(String),
}

struct Change {
    id: UserId,
    at: i64,
    what: What,
}

#[async_trait]
impl Write for Change {
    type Output = Option<UserRow>;
    type Error = StorageError;

    async fn run(&self, transaction: &DatabaseTransaction) -> Result<Self::Output, StorageError> {
        let (column, value) = match &self.what {
            What::Name(name) => ("name", name),
            What::Password(hash) => ("password_hash", hash),
        };
        let sql = format!("UPDATE users SET {column} = $1, updated_at = $2 WHERE id = $3");
        execute(transaction, &sql, [value.as_str().into(), self.at.into(), self.id.0.into()]).await?;
        Ok(find(transaction, self.id).await?.map(|account| account.user))
    }
}
