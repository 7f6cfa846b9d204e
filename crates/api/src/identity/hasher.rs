//! Passwords are hashed slowly on purpose, in 19 MiB each: never on the threads that answer requests, and never more at
//! once than there are processors.

use crate::problem::Problem;
use squad_secrets::password::{self, Password, Verdict};
use std::num::NonZeroUsize;
use std::sync::Arc;
use std::thread::available_parallelism;
use tokio::sync::Semaphore;

/// Hashes passwords, a few at a time.
pub(crate) struct Hasher {
    permits: Arc<Semaphore>,
}

impl Default for Hasher {
    fn default() -> Self {
        let processors = available_parallelism().map_or(1, NonZeroUsize::get);
        Self { permits: Arc::new(Semaphore::new(processors)) }
    }
}

impl Hasher {
    /// The hash of a new password.
    pub(crate) async fn hash(&self, password: Password) -> Result<String, Problem> {
        self.run(move || password::hash(&password)).await
    }

    /// Today's hash of a password that was right for an older one.
    pub(crate) async fn rehash(&self, typed: String) -> Result<String, Problem> {
        self.run(move || password::rehash(typed.as_bytes())).await
    }

    /// Whether it is the password. Takes as long where there is no hash to compare it with.
    pub(crate) async fn verify(&self, hash: Option<String>, typed: String) -> Result<Verdict, Problem> {
        self.run(move || match hash {
            Some(hash) => password::verify(&hash, typed.as_bytes()),
            None => password::verify_decoy(typed.as_bytes()),
        })
        .await
    }

    async fn run<T: Send + 'static>(&self, work: impl FnOnce() -> T + Send + 'static) -> Result<T, Problem> {
        let permit = Arc::clone(&self.permits).acquire_owned().await.map_err(|_| Problem::internal())?;
        let done = tokio::task::spawn_blocking(move || {
            let done = work();
            drop(permit);
            done
        });
        done.await.map_err(|_| Problem::internal())
    }
}
