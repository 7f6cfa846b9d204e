//! Requests that come twice: the first is performed, the others get its answer.

use crate::connect::Storage;
use crate::convert::{count, micros, number, text};
use crate::dialect::{execute, one};
use crate::error::StorageError;
use crate::write::Write;
use async_trait::async_trait;
use sea_orm::DatabaseTransaction;
use squad_domain::Timestamp;
use std::time::Duration;

/// How long an answer is kept.
pub const IDEMPOTENCY_RETENTION: Duration = Duration::from_secs(24 * 60 * 60);

/// What is to be done with a request that has a key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Begin {
    /// Perform it, then [`Storage::finish_request`] or [`Storage::forget_request`].
    Fresh(RequestTicket),
    /// Another one with this key is being performed.
    Running,
    /// It was performed: this was the answer.
    Done(StoredAnswer),
    /// The key was used for another request.
    Mismatch,
}

/// The right to say what came of a request. Void when somebody took it over because it seemed dead.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RequestTicket {
    scope: String,
    key: String,
    attempt: u64,
}

/// An answer that is kept. It may hold what is shown only once, such as an API key: then the caller seals it.
#[derive(Clone, PartialEq, Eq)]
pub struct StoredAnswer {
    /// The status of HTTP.
    pub status: u16,
    /// The headers, as the caller writes them.
    pub headers: String,
    /// The body, as the caller writes it.
    pub body: String,
}

impl std::fmt::Debug for StoredAnswer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("StoredAnswer").field("status", &self.status).finish_non_exhaustive()
    }
}

impl Storage {
    /// Asks whether a request is to be performed. `scope` is who sends it, `fingerprint` a hash of its method, path and
    /// body. Of many that come at once with one key, exactly one is [`Begin::Fresh`]. One that has been running for longer
    /// than `stale_after` counts as dead: the next one takes it over.
    ///
    /// # Errors
    /// Where the database fails.
    pub async fn begin_request(
        &self,
        scope: &str,
        key: &str,
        fingerprint: &str,
        now: Timestamp,
        stale_after: Duration,
    ) -> Result<Begin, StorageError> {
        let begin = BeginRequest {
            scope: text(scope),
            key: text(key),
            fingerprint: fingerprint.to_owned(),
            now: micros(now),
            stale: micros(now - stale_after),
            old: micros(now - IDEMPOTENCY_RETENTION),
        };
        self.write(begin).await
    }

    /// Keeps the answer for those who come with the same key. `false` where the ticket is void.
    ///
    /// # Errors
    /// Where the database fails.
    pub async fn finish_request(
        &self,
        ticket: RequestTicket,
        answer: StoredAnswer,
        at: Timestamp,
    ) -> Result<bool, StorageError> {
        self.write(End { ticket, answer: Some(answer), at: micros(at) }).await
    }

    /// Forgets the request, so that it may be tried again with the same key. `false` where the ticket is void.
    ///
    /// # Errors
    /// Where the database fails.
    pub async fn forget_request(&self, ticket: RequestTicket) -> Result<bool, StorageError> {
        self.write(End { ticket, answer: None, at: 0 }).await
    }

    /// Forgets what is older than [`IDEMPOTENCY_RETENTION`]. Tells how many.
    ///
    /// # Errors
    /// Where the database fails.
    pub async fn prune_requests(&self, now: Timestamp) -> Result<u64, StorageError> {
        self.write(Prune(micros(now - IDEMPOTENCY_RETENTION))).await
    }
}

struct BeginRequest {
    scope: String,
    key: String,
    fingerprint: String,
    now: i64,
    stale: i64,
    old: i64,
}

#[async_trait]
impl Write for BeginRequest {
    type Output = Begin;
    type Error = StorageError;

    async fn run(&self, transaction: &DatabaseTransaction) -> Result<Begin, StorageError> {
        // What is too old is as good as forgotten, whatever it was for. What is forgotten keeps its row, so that an
        // attempt's number never comes again.
        let claim = "INSERT INTO idempotency_keys AS k (scope, key, fingerprint, state, attempt, started_at) \
            VALUES ($1, $2, $3, 'running', 1, $4) \
            ON CONFLICT (scope, key) DO UPDATE SET state = 'running', fingerprint = excluded.fingerprint, \
                attempt = k.attempt + 1, started_at = excluded.started_at, finished_at = NULL, \
                status = NULL, headers = NULL, body = NULL \
            WHERE (k.state = 'running' AND k.started_at < $5 AND k.fingerprint = excluded.fingerprint) \
                OR k.state = 'forgotten' OR k.started_at < $6 \
            RETURNING attempt";
        let values = [
            self.scope.as_str().into(),
            self.key.as_str().into(),
            self.fingerprint.as_str().into(),
            self.now.into(),
            self.stale.into(),
            self.old.into(),
        ];
        if let Some(row) = one(transaction, claim, values).await? {
            let attempt = number(row.try_get("", "attempt")?);
            let (scope, key) = (self.scope.clone(), self.key.clone());
            return Ok(Begin::Fresh(RequestTicket { scope, key, attempt }));
        }
        let found = "SELECT fingerprint, state, status, headers, body FROM idempotency_keys WHERE scope = $1 AND key = $2";
        let values = [self.scope.as_str().into(), self.key.as_str().into()];
        let Some(row) = one(transaction, found, values).await? else {
            // It was pruned between the two statements; the next try is fresh.
            return Ok(Begin::Running);
        };
        if row.try_get::<String>("", "fingerprint")? != self.fingerprint {
            return Ok(Begin::Mismatch);
        }
        if row.try_get::<String>("", "state")? == "running" {
            return Ok(Begin::Running);
        }
        let status: Option<i64> = row.try_get("", "status")?;
        let unreadable = || StorageError::Unreadable {
            what: "the answer to a request".to_owned(),
            why: "its status is none of HTTP".to_owned(),
        };
        Ok(Begin::Done(StoredAnswer {
            status: status.and_then(|status| u16::try_from(status).ok()).ok_or_else(unreadable)?,
            headers: row.try_get::<Option<String>>("", "headers")?.unwrap_or_default(),
            body: row.try_get::<Option<String>>("", "body")?.unwrap_or_default(),
        }))
    }
}

struct End {
    ticket: RequestTicket,
    answer: Option<StoredAnswer>,
    at: i64,
}

#[async_trait]
impl Write for End {
    type Output = bool;
    type Error = StorageError;

    async fn run(&self, transaction: &DatabaseTransaction) -> Result<bool, StorageError> {
        let RequestTicket { scope, key, attempt } = &self.ticket;
        let mut values = vec![scope.as_str().into(), key.as_str().into(), count(*attempt).into()];
        let Some(answer) = &self.answer else {
            let sql = "UPDATE idempotency_keys SET state = 'forgotten' \
                WHERE scope = $1 AND key = $2 AND attempt = $3 AND state = 'running'";
            return Ok(execute(transaction, sql, values).await? == 1);
        };
        let sql = "UPDATE idempotency_keys SET state = 'done', status = $4, headers = $5, body = $6, finished_at = $7 \
            WHERE scope = $1 AND key = $2 AND attempt = $3 AND state = 'running'";
        values.extend([
            i64::from(answer.status).into(),
            text(&answer.headers).into(),
            text(&answer.body).into(),
            self.at.into(),
        ]);
        Ok(execute(transaction, sql, values).await? == 1)
    }
}

struct Prune(i64);

#[async_trait]
impl Write for Prune {
    type Output = u64;
    type Error = StorageError;

    async fn run(&self, transaction: &DatabaseTransaction) -> Result<u64, StorageError> {
        let sql = "DELETE FROM idempotency_keys WHERE started_at < $1";
        Ok(execute(transaction, sql, [self.0.into()]).await?)
    }
}
