//! The keys that access tokens are signed with, sealed. Shared by all servers of one database.

use crate::connect::Storage;
use crate::convert::{micros, timestamp};
use crate::dialect::{all, execute};
use crate::error::StorageError;
use crate::write::Write;
use async_trait::async_trait;
use sea_orm::{ConnectionTrait as _, DatabaseTransaction, DbBackend, DbErr, QueryResult};
use squad_domain::Timestamp;

/// A key.
#[derive(Clone, PartialEq, Eq)]
pub struct SigningKeyRow {
    /// Its name in the header of tokens.
    pub kid: String,
    /// The private key, sealed.
    pub sealed: String,
    /// When it was made.
    pub created_at: Timestamp,
    /// Since when it signs no more.
    pub retired_at: Option<Timestamp>,
}

impl std::fmt::Debug for SigningKeyRow {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SigningKeyRow").field("kid", &self.kid).finish_non_exhaustive()
    }
}

fn key(row: &QueryResult) -> Result<SigningKeyRow, DbErr> {
    let retired: Option<i64> = row.try_get("", "retired_at")?;
    Ok(SigningKeyRow {
        kid: row.try_get("", "kid")?,
        sealed: row.try_get("", "sealed")?,
        created_at: timestamp(row.try_get("", "created_at")?),
        retired_at: retired.map(timestamp),
    })
}

const ALL: &str =
    "SELECT kid, sealed, created_at, retired_at FROM signing_keys ORDER BY created_at DESC, kid";

impl Storage {
    /// All keys, the newest first.
    ///
    /// # Errors
    /// Where the database fails.
    pub async fn signing_keys(&self) -> Result<Vec<SigningKeyRow>, StorageError> {
        Ok(all(&self.pool, ALL, []).await?.iter().map(key).collect::<Result<_, _>>()?)
    }

    /// Adds a key that signs from now on, and retires the others. Where `only_if_none` is set, and there is one that
    /// signs already, nothing changes: of several servers that start at once, one makes the first key. Gives all keys,
    /// the newest first.
    ///
    /// # Errors
    /// Where the database fails.
    pub async fn add_signing_key(
        &self,
        kid: &str,
        sealed: &str,
        at: Timestamp,
        only_if_none: bool,
    ) -> Result<Vec<SigningKeyRow>, StorageError> {
        let (kid, sealed) = (kid.to_owned(), sealed.to_owned());
        self.write(Add { kid, sealed, at: micros(at), only_if_none }).await
    }
}

struct Add {
    kid: String,
    sealed: String,
    at: i64,
    only_if_none: bool,
}

#[async_trait]
impl Write for Add {
    type Output = Vec<SigningKeyRow>;
    type Error = StorageError;

    async fn run(&self, transaction: &DatabaseTransaction) -> Result<Self::Output, StorageError> {
        if transaction.get_database_backend() == DbBackend::Postgres {
            // Two who look for a key at once would both find none. Readers are not held up.
            transaction.execute_unprepared("LOCK TABLE signing_keys IN SHARE ROW EXCLUSIVE MODE").await?;
        }
        let keys = all(transaction, ALL, []).await?.iter().map(key).collect::<Result<Vec<_>, _>>()?;
        if self.only_if_none && keys.iter().any(|key| key.retired_at.is_none()) {
            return Ok(keys);
        }
        let retire = "UPDATE signing_keys SET retired_at = $1 WHERE retired_at IS NULL";
        execute(transaction, retire, [self.at.into()]).await?;
        let insert = "INSERT INTO signing_keys (kid, sealed, created_at) VALUES ($1, $2, $3)";
        let values = [self.kid.as_str().into(), self.sealed.as_str().into(), self.at.into()];
        execute(transaction, insert, values).await?;
        Ok(all(transaction, ALL, []).await?.iter().map(key).collect::<Result<Vec<_>, _>>()?)
    }
}
