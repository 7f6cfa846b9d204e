//! Failed sign-ins, counted for each account and address, in the database: several servers count together, and a restart
//! forgives nothing.

use crate::connect::Storage;
use crate::convert::{count, micros, number, timestamp};
use crate::dialect::{execute, one};
use crate::error::StorageError;
use crate::write::Write;
use async_trait::async_trait;
use sea_orm::DatabaseTransaction;
use squad_domain::Timestamp;
use std::time::Duration;

/// How often signing in failed lately.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LoginFailures {
    /// How often, without a success between.
    pub count: u64,
    /// When it failed last.
    pub last: Timestamp,
}

impl Storage {
    /// The failures of a subject (an account's address, an IP address); `None` where there are none.
    ///
    /// # Errors
    /// Where the database fails.
    pub async fn login_failures(&self, subject: &str) -> Result<Option<LoginFailures>, StorageError> {
        let sql = "SELECT failures, failed_at FROM login_failures WHERE subject = $1";
        let Some(row) = one(&self.pool, sql, [subject.into()]).await? else { return Ok(None) };
        let failed: i64 = row.try_get("", "failed_at")?;
        Ok(Some(LoginFailures { count: number(row.try_get("", "failures")?), last: timestamp(failed) }))
    }

    /// Counts one more failure of each subject; those whose last one is longer ago than `memory` begin anew.
    ///
    /// # Errors
    /// Where the database fails.
    pub async fn login_failed(
        &self,
        subjects: Vec<String>,
        at: Timestamp,
        memory: Duration,
    ) -> Result<(), StorageError> {
        self.write(Failed { subjects, at: micros(at), since: micros(at - memory) }).await
    }

    /// Forgets the failures of a subject.
    ///
    /// # Errors
    /// Where the database fails.
    pub async fn login_succeeded(&self, subject: &str) -> Result<(), StorageError> {
        self.write(Succeeded(subject.to_owned())).await
    }
}

struct Failed {
    subjects: Vec<String>,
    at: i64,
    since: i64,
}

#[async_trait]
impl Write for Failed {
    type Output = ();
    type Error = StorageError;

    async fn run(&self, transaction: &DatabaseTransaction) -> Result<(), StorageError> {
        // In one order everywhere, so that two of these never wait for each other.
        let mut subjects: Vec<&String> = self.subjects.iter().collect();
        subjects.sort();
        let sql = "INSERT INTO login_failures (subject, failures, failed_at) VALUES ($1, $2, $3) \
            ON CONFLICT (subject) DO UPDATE SET failed_at = excluded.failed_at, \
            failures = CASE WHEN login_failures.failed_at < $4 THEN 1 ELSE login_failures.failures + 1 END";
        for subject in subjects {
            let values = [subject.as_str().into(), count(1).into(), self.at.into(), self.since.into()];
            execute(transaction, sql, values).await?;
        }
        let old = "DELETE FROM login_failures WHERE failed_at < $1";
        execute(transaction, old, [self.since.into()]).await?;
        Ok(())
    }
}

struct Succeeded(String);

#[async_trait]
impl Write for Succeeded {
    type Output = ();
    type Error = StorageError;

    async fn run(&self, transaction: &DatabaseTransaction) -> Result<(), StorageError> {
        let sql = "DELETE FROM login_failures WHERE subject = $1";
        execute(transaction, sql, [self.0.as_str().into()]).await?;
        Ok(())
    }
}
