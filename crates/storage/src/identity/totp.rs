//! Second factors: an account's secret for one-time codes, sealed, and the hashes of its recovery codes.

use crate::connect::Storage;
use crate::convert::{count, micros, number, timestamp};
use crate::dialect::{execute, one};
use crate::error::StorageError;
use crate::write::Write;
use async_trait::async_trait;
use sea_orm::{DatabaseTransaction, DbErr};
use squad_domain::Timestamp;
use squad_domain::ids::UserId;

/// The second factor of an account.
#[derive(Clone, PartialEq, Eq)]
pub struct TotpRow {
    /// The secret, sealed.
    pub secret_sealed: String,
    /// Since when signing in needs it; `None` while they have not shown yet that their app has it.
    pub confirmed_at: Option<Timestamp>,
    /// The step of the code that was used last.
    pub last_step: Option<u64>,
    /// Recovery codes that were not used yet.
    pub codes_left: u64,
}

impl std::fmt::Debug for TotpRow {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("TotpRow")
            .field("confirmed_at", &self.confirmed_at)
            .field("codes_left", &self.codes_left)
            .finish_non_exhaustive()
    }
}

impl Storage {
    /// Stores a new secret, which counts when it is confirmed, in place of one that never was. `false` where the account
    /// has a second factor already.
    ///
    /// # Errors
    /// Where the database fails.
    pub async fn begin_totp(
        &self,
        user: UserId,
        secret_sealed: &str,
        at: Timestamp,
    ) -> Result<bool, StorageError> {
        self.write(Begin { user, sealed: secret_sealed.to_owned(), at: micros(at) }).await
    }

    /// Turns the second factor on: a code of `step` was right for the secret `secret_sealed`. `false` where that one is not
    /// what waits to be confirmed.
    ///
    /// # Errors
    /// Where the database fails.
    pub async fn confirm_totp(
        &self,
        user: UserId,
        secret_sealed: &str,
        step: u64,
        recovery_hashes: Vec<String>,
        at: Timestamp,
    ) -> Result<bool, StorageError> {
        let (sealed, step, at) = (secret_sealed.to_owned(), count(step), micros(at));
        self.write(Confirm { user, sealed, step, codes: recovery_hashes, at }).await
    }

    /// The second factor of an account, confirmed or not.
    ///
    /// # Errors
    /// Where the database fails.
    pub async fn totp(&self, user: UserId) -> Result<Option<TotpRow>, StorageError> {
        let sql = "SELECT secret_sealed, confirmed_at, last_step, \
            (SELECT count(*) FROM recovery_codes r WHERE r.user_id = t.user_id AND r.used_at IS NULL) AS codes_left \
            FROM user_totp t WHERE t.user_id = $1";
        let Some(row) = one(&self.pool, sql, [user.0.into()]).await? else { return Ok(None) };
        let confirmed: Option<i64> = row.try_get("", "confirmed_at")?;
        let step: Option<i64> = row.try_get("", "last_step")?;
        Ok(Some(TotpRow {
            secret_sealed: row.try_get("", "secret_sealed")?,
            confirmed_at: confirmed.map(timestamp),
            last_step: step.map(number),
            codes_left: number(row.try_get("", "codes_left")?),
        }))
    }

    /// Uses the code of a step up. `false` where it, or a later one, was used before: of many who send one code at once,
    /// one gets in.
    ///
    /// # Errors
    /// Where the database fails.
    pub async fn use_totp_step(&self, user: UserId, step: u64) -> Result<bool, StorageError> {
        let sql = "UPDATE user_totp SET last_step = $2 \
            WHERE user_id = $1 AND confirmed_at IS NOT NULL AND (last_step IS NULL OR last_step < $2)";
        self.write(Once { sql, user, values: [count(step).into()] }).await
    }

    /// Uses a recovery code up. `false` where there is no such code, or it was used before.
    ///
    /// # Errors
    /// Where the database fails.
    pub async fn use_recovery_code(
        &self,
        user: UserId,
        hash: &str,
        at: Timestamp,
    ) -> Result<bool, StorageError> {
        let sql =
            "UPDATE recovery_codes SET used_at = $3 WHERE user_id = $1 AND hash = $2 AND used_at IS NULL";
        self.write(Once { sql, user, values: [hash.into(), micros(at).into()] }).await
    }

    /// Puts new recovery codes in place of all earlier ones. `false` where the account has no second factor.
    ///
    /// # Errors
    /// Where the database fails.
    pub async fn replace_recovery_codes(
        &self,
        user: UserId,
        hashes: Vec<String>,
    ) -> Result<bool, StorageError> {
        self.write(Replace { user, codes: hashes }).await
    }

    /// Takes the second factor away, with its recovery codes. Tells whether there was one.
    ///
    /// # Errors
    /// Where the database fails.
    pub async fn disable_totp(&self, user: UserId) -> Result<bool, StorageError> {
        let sql = "DELETE FROM user_totp WHERE user_id = $1";
        self.write(Once { sql, user, values: [] }).await
    }
}

async fn add_codes(transaction: &DatabaseTransaction, user: UserId, hashes: &[String]) -> Result<(), DbErr> {
    let sql = "INSERT INTO recovery_codes (user_id, hash) VALUES ($1, $2) ON CONFLICT DO NOTHING";
    for hash in hashes {
        execute(transaction, sql, [user.0.into(), hash.as_str().into()]).await?;
    }
    Ok(())
}

struct Begin {
    user: UserId,
    sealed: String,
    at: i64,
}

#[async_trait]
impl Write for Begin {
    type Output = bool;
    type Error = StorageError;

    async fn run(&self, transaction: &DatabaseTransaction) -> Result<bool, StorageError> {
        let sql = "INSERT INTO user_totp (user_id, secret_sealed, created_at) VALUES ($1, $2, $3) \
            ON CONFLICT (user_id) DO UPDATE SET secret_sealed = excluded.secret_sealed, created_at = excluded.created_at \
            WHERE user_totp.confirmed_at IS NULL";
        let values = [self.user.0.into(), self.sealed.as_str().into(), self.at.into()];
        Ok(execute(transaction, sql, values).await? == 1)
    }
}

struct Confirm {
    user: UserId,
    sealed: String,
    step: i64,
    codes: Vec<String>,
    at: i64,
}

#[async_trait]
impl Write for Confirm {
    type Output = bool;
    type Error = StorageError;

    async fn run(&self, transaction: &DatabaseTransaction) -> Result<bool, StorageError> {
        // Another tab may have begun anew since the code was checked: then their app has the wrong secret.
        let sql = "UPDATE user_totp SET confirmed_at = $3, last_step = $4 \
            WHERE user_id = $1 AND secret_sealed = $2 AND confirmed_at IS NULL";
        let values = [self.user.0.into(), self.sealed.as_str().into(), self.at.into(), self.step.into()];
        let confirmed = execute(transaction, sql, values).await? == 1;
        if confirmed {
            add_codes(transaction, self.user, &self.codes).await?;
        }
        Ok(confirmed)
    }
}

struct Replace {
    user: UserId,
    codes: Vec<String>,
}

#[async_trait]
impl Write for Replace {
    type Output = bool;
    type Error = StorageError;

    async fn run(&self, transaction: &DatabaseTransaction) -> Result<bool, StorageError> {
        // Holding the row, so that two who ask for new codes at once do not both keep theirs.
        let hold =
            "UPDATE user_totp SET last_step = last_step WHERE user_id = $1 AND confirmed_at IS NOT NULL";
        if execute(transaction, hold, [self.user.0.into()]).await? == 0 {
            return Ok(false);
        }
        let forget = "DELETE FROM recovery_codes WHERE user_id = $1";
        execute(transaction, forget, [self.user.0.into()]).await?;
        add_codes(transaction, self.user, &self.codes).await?;
        Ok(true)
    }
}

/// One statement that changes one row of an account, or none. The account comes as `$1`.
struct Once<const N: usize> {
    sql: &'static str,
    user: UserId,
    values: [sea_orm::Value; N],
}

#[async_trait]
impl<const N: usize> Write for Once<N> {
    type Output = bool;
    type Error = StorageError;

    async fn run(&self, transaction: &DatabaseTransaction) -> Result<bool, StorageError> {
        let values = std::iter::once(self.user.0.into()).chain(self.values.iter().cloned());
        Ok(execute(transaction, self.sql, values).await? == 1)
    }
}
