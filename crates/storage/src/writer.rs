//! The only writer of a SQLite file within this process: one task that commits what waits as one group.
//!
//! A commit costs a flush to the disk, and a file has one writer at a time. So writes queue up while the group before them
//! is being flushed, and then share the next flush. Each is a savepoint of its own: one that is refused leaves no
//! trace and does not touch the others. Nobody gets an answer before the commit.

use crate::error::{StorageError, WriteError};
use crate::write::{ATTEMPTS, Write, back_off};
use async_trait::async_trait;
use sea_orm::{
    DatabaseConnection, DatabaseTransaction, SqliteTransactionMode, TransactionOptions, TransactionTrait as _,
};
use tokio::sync::{mpsc, oneshot};

/// Most writes in one group, so that no caller waits for too many others.
const GROUP: usize = 128;

/// A handle to the writer task. The task ends when the last handle is dropped.
#[derive(Debug, Clone)]
pub(crate) struct Writer {
    queue: mpsc::Sender<Request>,
}

enum Request {
    Write(Box<dyn Pending>),
    Close(oneshot::Sender<()>),
}

impl Writer {
    /// Starts the task on a pool of one connection.
    pub(crate) fn start(connection: DatabaseConnection) -> Self {
        let (queue, requests) = mpsc::channel(4 * GROUP);
        tokio::spawn(serve(connection, requests));
        Self { queue }
    }

    /// Runs the write as part of the next group, and answers after its commit.
    pub(crate) async fn write<W: Write>(&self, write: W) -> Result<W::Output, W::Error> {
        let (reply, answer) = oneshot::channel();
        let request = Request::Write(Box::new(Waiting { write, outcome: None, reply }));
        if self.queue.send(request).await.is_err() {
            return Err(StorageError::Closed.into());
        }
        answer.await.unwrap_or_else(|_| Err(StorageError::Closed.into()))
    }

    /// Waits for everything handed over so far, then ends the task.
    pub(crate) async fn close(&self) {
        let (done, closed) = oneshot::channel();
        if self.queue.send(Request::Close(done)).await.is_ok() {
            // An error means that the task is gone already.
            drop(closed.await);
        }
    }
}

async fn serve(connection: DatabaseConnection, mut requests: mpsc::Receiver<Request>) {
    let mut taken = Vec::with_capacity(GROUP);
    while requests.recv_many(&mut taken, GROUP).await > 0 {
        let mut group = Vec::with_capacity(taken.len());
        let mut closing = Vec::new();
        for request in taken.drain(..) {
            match request {
                Request::Write(write) => group.push(write),
                Request::Close(done) => closing.push(done),
            }
        }
        if !group.is_empty() {
            commit(&connection, group).await;
        }
        if !closing.is_empty() {
            drop(connection.close().await);
            for done in closing {
                // An error means that whoever asked is gone.
                let _ = done.send(());
            }
            return;
        }
    }
}

/// Commits the group, and tells each of it how it went.
async fn commit(connection: &DatabaseConnection, mut group: Vec<Box<dyn Pending>>) {
    let mut attempt = 0;
    let outcome = loop {
        let outcome = try_commit(connection, &mut group).await;
        attempt += 1;
        match &outcome {
            Err(error) if error.is_transient() && attempt < ATTEMPTS => back_off(attempt).await,
            _ => break outcome,
        }
    };
    for write in group {
        write.answer(outcome.as_ref().err());
    }
}

async fn try_commit(
    connection: &DatabaseConnection,
    group: &mut [Box<dyn Pending>],
) -> Result<(), StorageError> {
    // A deferred transaction that turns into a writing one cannot wait for another process; an immediate one can.
    let immediate = TransactionOptions {
        sqlite_transaction_mode: Some(SqliteTransactionMode::Immediate),
        ..TransactionOptions::default()
    };
    let transaction = connection.begin_with_options(immediate).await?;
    for write in group.iter_mut() {
        write.attempt(&transaction).await?;
    }
    transaction.commit().await?;
    Ok(())
}

/// A write whose caller waits.
#[async_trait]
trait Pending: Send {
    /// Runs it within a savepoint and keeps its outcome. Fails only where the whole group must be given up.
    async fn attempt(&mut self, group: &DatabaseTransaction) -> Result<(), StorageError>;

    /// Tells the caller: its own outcome, or why the group was not committed.
    fn answer(self: Box<Self>, failed: Option<&StorageError>);
}

struct Waiting<W: Write> {
    write: W,
    outcome: Option<Result<W::Output, W::Error>>,
    reply: oneshot::Sender<Result<W::Output, W::Error>>,
}

#[async_trait]
impl<W: Write> Pending for Waiting<W> {
    async fn attempt(&mut self, group: &DatabaseTransaction) -> Result<(), StorageError> {
        let savepoint = group.begin().await?;
        let outcome = self.write.run(&savepoint).await;
        if let Err(error) = &outcome {
            if let Some(error) = error.storage()
                && (error.is_transient() || error.ends_transaction())
            {
                return Err(error.clone());
            }
            savepoint.rollback().await?;
        } else {
            savepoint.commit().await?;
        }
        self.outcome = Some(outcome);
        Ok(())
    }

    fn answer(self: Box<Self>, failed: Option<&StorageError>) {
        let outcome = match (failed, self.outcome) {
            (None, Some(outcome)) => outcome,
            (Some(error), _) => Err(error.clone().into()),
            (None, None) => Err(StorageError::Closed.into()),
        };
        // A caller that stopped waiting has no use for it.
        drop(self.reply.send(outcome));
    }
}
