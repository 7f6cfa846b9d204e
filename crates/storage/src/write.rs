//! One write is one transaction, whichever way it takes.

use crate::connect::{Storage, Writes};
use crate::error::{StorageError, WriteError};
use async_trait::async_trait;
use sea_orm::{DatabaseTransaction, TransactionTrait as _};
use std::time::Duration;

/// How often a transaction is tried that another one got in the way of.
pub(crate) const ATTEMPTS: u32 = 8;

/// The body of a transaction. May run more than once; only its last run counts.
#[async_trait]
pub(crate) trait Write: Send + Sync + 'static {
    type Output: Send + Sync + 'static;
    type Error: WriteError;

    async fn run(&self, transaction: &DatabaseTransaction) -> Result<Self::Output, Self::Error>;
}

/// How long to wait before the next attempt, in milliseconds doubling from 5.
pub(crate) async fn back_off(attempt: u32) {
    tokio::time::sleep(Duration::from_millis(5 << attempt.min(8))).await;
}

impl Storage {
    /// Runs the write, and answers after its commit.
    pub(crate) async fn write<W: Write>(&self, write: W) -> Result<W::Output, W::Error> {
        match &self.writes {
            Writes::Group(writer) => writer.write(write).await,
            Writes::Pool => {
                let mut attempt = 0;
                loop {
                    let outcome = self.transaction(&write).await;
                    attempt += 1;
                    match &outcome {
                        Err(error)
                            if attempt < ATTEMPTS
                                && error.storage().is_some_and(StorageError::is_transient) =>
                        {
                            back_off(attempt).await;
                        }
                        _ => return outcome,
                    }
                }
            }
        }
    }

    async fn transaction<W: Write>(&self, write: &W) -> Result<W::Output, W::Error> {
        let transaction = self.pool.begin().await?;
        let output = write.run(&transaction).await?;
        transaction.commit().await?;
        Ok(output)
    }
}
