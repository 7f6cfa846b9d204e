//! The outbox: work that must happen after a commit, written by that very commit.
//!
//! A job is a named, serializable, idempotent value: it may be performed more than once, never less. One that fails is
//! tried again later and later, and after its last attempt it is kept as dead for a person to look at.

use crate::connect::Storage;
use crate::convert::{count, from_json, micros, number, text, timestamp, to_json};
use crate::dialect::{self, all, execute};
use crate::entity::job;
use crate::error::StorageError;
use crate::write::Write;
use async_trait::async_trait;
use sea_orm::{
    ColumnTrait as _, ConnectionTrait as _, DatabaseTransaction, EntityTrait as _, QueryFilter as _,
    QueryOrder as _, QuerySelect as _,
};
use serde::Serialize;
use serde::de::DeserializeOwned;
use squad_domain::Timestamp;
use squad_domain::ids::OrgId;
use std::time::Duration;

/// Attempts that a job gets in all. With the pauses between them they span about a day.
const MAX_ATTEMPTS: u64 = 12;
/// The pause after the first failure; each further one is twice as long.
const FIRST_PAUSE: Duration = Duration::from_secs(20);

/// A kind of job.
pub trait Job: Serialize + DeserializeOwned {
    /// Its name in the database. Never changes.
    const NAME: &'static str;
}

/// A job that is about to be stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewJob {
    org: OrgId,
    name: &'static str,
    payload: String,
    key: Option<String>,
    run_at: Timestamp,
}

impl NewJob {
    /// A job that is due at `run_at`.
    ///
    /// # Errors
    /// Where the job cannot be written as JSON.
    pub fn new<J: Job>(org: OrgId, job: &J, run_at: Timestamp) -> Result<Self, StorageError> {
        Ok(Self { org, name: J::NAME, payload: to_json(job)?, key: None, run_at })
    }

    /// Lets at most one job of this name and key wait at a time: a second one changes nothing.
    #[must_use]
    pub fn once(mut self, key: &str) -> Self {
        self.key = Some(text(key));
        self
    }
}

/// A job that is yours to perform until its lock runs out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TakenJob {
    id: i64,
    name: String,
    payload: String,
    attempt: u64,
}

impl TakenJob {
    /// Its name: which kind it is.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Which attempt this is, from 1.
    #[must_use]
    pub fn attempt(&self) -> u64 {
        self.attempt
    }

    /// When it is tried again, should this attempt fail at `now`; `None` where this attempt is the last.
    #[must_use]
    pub fn retry_at(&self, now: Timestamp) -> Option<Timestamp> {
        (self.attempt < MAX_ATTEMPTS).then(|| now + self.pause())
    }

    fn pause(&self) -> Duration {
        let doublings = u32::try_from(self.attempt.clamp(1, MAX_ATTEMPTS) - 1).unwrap_or(0);
        FIRST_PAUSE * 2_u32.pow(doublings)
    }

    /// The job itself; `None` where it is of another kind.
    ///
    /// # Errors
    /// Where it was written by a version that this one does not understand.
    pub fn read<J: Job>(&self) -> Result<Option<J>, StorageError> {
        if self.name != J::NAME {
            return Ok(None);
        }
        from_json(&format!("a job `{}`", self.name), &self.payload).map(Some)
    }
}

/// Why a job was not done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum JobFailure {
    /// It may work later.
    Retry(String),
    /// It will never work.
    Fail(String),
}

/// A job that was given up.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeadJob {
    /// Its kind.
    pub name: String,
    /// Whose it is.
    pub org: OrgId,
    /// What was to be done, in JSON.
    pub payload: String,
    /// How often it was tried.
    pub attempts: u64,
    /// When it was given up.
    pub at: Timestamp,
    /// What went wrong at last.
    pub error: String,
}

impl Storage {
    /// Stores a job that follows from no event. One that does goes with [`Storage::append_with_jobs`].
    ///
    /// # Errors
    /// Where the database fails.
    pub async fn enqueue(&self, job: NewJob) -> Result<(), StorageError> {
        self.write(Enqueue(job)).await
    }

    /// Takes at most `limit` due jobs, oldest first. Whoever takes one must finish or fail it within `ttl`, or it is
    /// given to another worker.
    ///
    /// # Errors
    /// Where the database fails.
    pub async fn take_jobs(
        &self,
        worker: &str,
        now: Timestamp,
        ttl: Duration,
        limit: u64,
    ) -> Result<Vec<TakenJob>, StorageError> {
        self.write(Take { worker: worker.to_owned(), now: micros(now), until: micros(now + ttl), limit })
            .await
    }

    /// The job is done.
    ///
    /// # Errors
    /// Where the database fails.
    pub async fn finish_job(&self, job: &TakenJob) -> Result<(), StorageError> {
        self.write(Finish { id: job.id, attempt: job.attempt }).await
    }

    /// The job is not done. It is tried again later, or kept as dead. Tells which: `true` where it is dead.
    ///
    /// # Errors
    /// Where the database fails.
    pub async fn fail_job(
        &self,
        job: &TakenJob,
        now: Timestamp,
        failure: JobFailure,
    ) -> Result<bool, StorageError> {
        let (error, hopeless) = match failure {
            JobFailure::Retry(error) => (error, job.retry_at(now).is_none()),
            JobFailure::Fail(error) => (error, true),
        };
        self.write(Fail {
            id: job.id,
            attempt: job.attempt,
            error: text(&error),
            run_at: micros(now + job.pause()),
            dead_at: hopeless.then(|| micros(now)),
        })
        .await?;
        Ok(hopeless)
    }

    /// Jobs that were given up, newest first.
    ///
    /// # Errors
    /// Where the database fails.
    pub async fn dead_jobs(&self, limit: u64) -> Result<Vec<DeadJob>, StorageError> {
        let jobs = job::Entity::find()
            .filter(job::Column::DeadAt.is_not_null())
            .order_by_desc(job::Column::DeadAt)
            .order_by_desc(job::Column::Id)
            .limit(limit)
            .all(&self.pool)
            .await?;
        Ok(jobs
            .into_iter()
            .map(|job| DeadJob {
                name: job.name,
                org: OrgId(job.org_id),
                payload: job.payload,
                attempts: number(job.attempts),
                at: timestamp(job.dead_at.unwrap_or_default()),
                error: job.last_error.unwrap_or_default(),
            })
            .collect())
    }
}

/// Stores a job within a transaction.
pub(crate) async fn insert(transaction: &DatabaseTransaction, job: &NewJob) -> Result<(), StorageError> {
    execute(
        transaction,
        "INSERT INTO jobs (org_id, name, key, payload, attempts, run_at) VALUES ($1, $2, $3, $4, 0, $5) \
         ON CONFLICT (name, key) DO NOTHING",
        [
            job.org.0.into(),
            job.name.into(),
            job.key.clone().into(),
            job.payload.as_str().into(),
            micros(job.run_at).into(),
        ],
    )
    .await?;
    Ok(())
}

struct Enqueue(NewJob);

#[async_trait]
impl Write for Enqueue {
    type Output = ();
    type Error = StorageError;

    async fn run(&self, transaction: &DatabaseTransaction) -> Result<(), StorageError> {
        insert(transaction, &self.0).await
    }
}

struct Take {
    worker: String,
    now: i64,
    until: i64,
    limit: u64,
}

#[async_trait]
impl Write for Take {
    type Output = Vec<TakenJob>;
    type Error = StorageError;

    async fn run(&self, transaction: &DatabaseTransaction) -> Result<Vec<TakenJob>, StorageError> {
        let sql = dialect::of(transaction.get_database_backend()).take_jobs;
        let values =
            [self.worker.as_str().into(), self.until.into(), self.now.into(), count(self.limit).into()];
        let mut taken = all(transaction, sql, values)
            .await?
            .iter()
            .map(|row| {
                Ok(TakenJob {
                    id: row.try_get("", "id")?,
                    name: row.try_get("", "name")?,
                    payload: row.try_get("", "payload")?,
                    attempt: number(row.try_get("", "attempts")?),
                })
            })
            .collect::<Result<Vec<_>, StorageError>>()?;
        taken.sort_by_key(|job| job.id);
        Ok(taken)
    }
}

struct Finish {
    id: i64,
    attempt: u64,
}

#[async_trait]
impl Write for Finish {
    type Output = ();
    type Error = StorageError;

    async fn run(&self, transaction: &DatabaseTransaction) -> Result<(), StorageError> {
        // The attempt is the fence: whoever lost the job in the meantime changes nothing.
        let sql = "DELETE FROM jobs WHERE id = $1 AND attempts = $2";
        execute(transaction, sql, [self.id.into(), count(self.attempt).into()]).await?;
        Ok(())
    }
}

struct Fail {
    id: i64,
    attempt: u64,
    error: String,
    run_at: i64,
    dead_at: Option<i64>,
}

#[async_trait]
impl Write for Fail {
    type Output = ();
    type Error = StorageError;

    async fn run(&self, transaction: &DatabaseTransaction) -> Result<(), StorageError> {
        execute(
            transaction,
            "UPDATE jobs SET locked_by = NULL, locked_until = NULL, run_at = $1, dead_at = $2, last_error = $3 \
             WHERE id = $4 AND attempts = $5",
            [
                self.run_at.into(),
                self.dead_at.into(),
                self.error.as_str().into(),
                self.id.into(),
                count(self.attempt).into(),
            ],
        )
        .await?;
        Ok(())
    }
}
