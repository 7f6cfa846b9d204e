//! What the engine asks of its database: the log, the leases and what a squad remembers.
//!
//! `squad_storage::Storage` is the one that runs. The simulation (`crate::sim`) has one in memory that fails on demand;
//! a test holds the two against each other.

use async_trait::async_trait;
use squad_domain::Timestamp;
use squad_domain::execution::{Event, NewEvent};
use squad_domain::ids::{ExecutionId, SquadId};
use squad_storage::{AppendError, Claim, ClaimOutcome, Guard, Memory, Storage, StorageError};
use std::time::Duration;

/// Times that a step reads again from a database that is away, and the pause before each. The driver gives up before.
const TRIES: u32 = 240;
const PAUSE: Duration = Duration::from_millis(250);

/// How long an answer of the database is waited for: longer than SQLite waits for another writer (eight times ten
/// seconds), and not for ever, as a connection does that was cut without a word.
const ANSWER: Duration = Duration::from_secs(100);

async fn answered<T, E: From<StorageError>>(asked: impl Future<Output = Result<T, E>>) -> Result<T, E> {
    let silent = |_| Err(StorageError::Silent { seconds: ANSWER.as_secs() }.into());
    tokio::time::timeout(ANSWER, asked).await.unwrap_or_else(silent)
}

/// Reads for a step; a database that is away for a moment is waited for, and nobody has to be asked.
pub(crate) async fn patiently<T, F>(read: impl Fn() -> F) -> Result<T, StorageError>
where
    F: Future<Output = Result<T, StorageError>>,
{
    for _ in 0..TRIES {
        match read().await {
            Ok(found) => return Ok(found),
            Err(error) => {
                tracing::warn!(%error, "a step could not read the database; trying again");
                tokio::time::sleep(PAUSE).await;
            }
        }
    }
    read().await
}

/// The database of the engine. Each method means what the method of that name means in [`Storage`].
#[async_trait]
pub(crate) trait Store: Send + Sync {
    async fn append(
        &self,
        id: ExecutionId,
        guard: Guard,
        at: Timestamp,
        events: Vec<NewEvent>,
    ) -> Result<Vec<Event>, AppendError>;

    async fn events(&self, id: ExecutionId, after: u64, limit: u64) -> Result<Vec<Event>, StorageError>;

    async fn last_seq(&self, id: ExecutionId) -> Result<Option<u64>, StorageError>;

    async fn claim(&self, worker: &str, now: Timestamp, ttl: Duration)
    -> Result<Option<Claim>, StorageError>;

    async fn claim_one(
        &self,
        id: ExecutionId,
        worker: &str,
        now: Timestamp,
        ttl: Duration,
    ) -> Result<ClaimOutcome, StorageError>;

    async fn renew(&self, claim: &Claim, now: Timestamp, ttl: Duration) -> Result<bool, StorageError>;

    async fn release(&self, claim: &Claim, park_at: Option<u64>) -> Result<(), StorageError>;

    async fn memories(
        &self,
        squad: SquadId,
        repository: &str,
        limit: u64,
    ) -> Result<Vec<Memory>, StorageError>;
}

#[async_trait]
impl Store for Storage {
    async fn append(
        &self,
        id: ExecutionId,
        guard: Guard,
        at: Timestamp,
        events: Vec<NewEvent>,
    ) -> Result<Vec<Event>, AppendError> {
        answered(self.append(id, guard, at, events)).await
    }

    async fn events(&self, id: ExecutionId, after: u64, limit: u64) -> Result<Vec<Event>, StorageError> {
        answered(self.events(id, after, limit)).await
    }

    async fn last_seq(&self, id: ExecutionId) -> Result<Option<u64>, StorageError> {
        answered(self.last_seq(id)).await
    }

    async fn claim(
        &self,
        worker: &str,
        now: Timestamp,
        ttl: Duration,
    ) -> Result<Option<Claim>, StorageError> {
        answered(self.claim(worker, now, ttl)).await
    }

    async fn claim_one(
        &self,
        id: ExecutionId,
        worker: &str,
        now: Timestamp,
        ttl: Duration,
    ) -> Result<ClaimOutcome, StorageError> {
        answered(self.claim_one(id, worker, now, ttl)).await
    }

    async fn renew(&self, claim: &Claim, now: Timestamp, ttl: Duration) -> Result<bool, StorageError> {
        answered(self.renew(claim, now, ttl)).await
    }

    async fn release(&self, claim: &Claim, park_at: Option<u64>) -> Result<(), StorageError> {
        answered(self.release(claim, park_at)).await
    }

    async fn memories(
        &self,
        squad: SquadId,
        repository: &str,
        limit: u64,
    ) -> Result<Vec<Memory>, StorageError> {
        answered(self.memories(squad, repository, limit)).await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_database_that_never_answers_is_given_up() {
        let silence = answered(std::future::pending::<Result<(), StorageError>>()).await;
        assert!(matches!(silence, Err(StorageError::Silent { seconds: 100 })));
        let slow = async {
            tokio::time::sleep(ANSWER / 2).await;
            Ok::<_, StorageError>(7)
        };
        assert!(matches!(answered(slow).await, Ok(7)));
    }
}
