//! One operation at a time per worktree, across processes and their deaths.
//!
//! The lock is an open file that every git we start inherits as its standard input. When a worker is killed, a git
//! that it left behind still holds the lock, so whoever takes over begins only after that git has ended.

use std::fs::{File, OpenOptions};
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use rustix::fs::{FlockOperation, flock};
use rustix::io::Errno;

use crate::error::{Error, Result};

/// Longer than any local git may run.
const PATIENCE: Duration = Duration::from_secs(150);
const INTERVAL: Duration = Duration::from_millis(20);

/// Waits for the lock and takes it; it is free again when the file and all copies of it are closed.
pub(crate) async fn acquire(path: &Path) -> Result<Arc<File>> {
    let begin = Instant::now();
    loop {
        match try_acquire(path)? {
            Some(lock) => return Ok(lock),
            None if begin.elapsed() < PATIENCE => tokio::time::sleep(INTERVAL).await,
            None => return Err(Error::Busy { path: path.to_owned() }),
        }
    }
}

/// Takes the lock if nobody has it.
pub(crate) fn try_acquire(path: &Path) -> Result<Option<Arc<File>>> {
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder).map_err(Error::io("create", folder))?;
    }
    let mut options = OpenOptions::new();
    let file = options
        .read(true)
        .write(true)
        .create(true)
        .truncate(false)
        .open(path)
        .map_err(Error::io("open", path))?;
    lock(file, path)
}

/// Waits for a lock that is going to be deleted with everything around it, and creates nothing. `None` where there is
/// none, or where its holder does not let go of it.
pub(crate) async fn acquire_last(path: &Path, patience: Duration) -> Option<Arc<File>> {
    let begin = Instant::now();
    loop {
        if let Some(lock) = lock(File::open(path).ok()?, path).ok()? {
            return Some(lock);
        }
        if begin.elapsed() >= patience {
            return None;
        }
        tokio::time::sleep(INTERVAL).await;
    }
}

fn lock(file: File, path: &Path) -> Result<Option<Arc<File>>> {
    match flock(&file, FlockOperation::NonBlockingLockExclusive) {
        Ok(()) => Ok(Some(Arc::new(file))),
        Err(Errno::WOULDBLOCK) => Ok(None),
        Err(error) => Err(Error::io("lock", path)(error.into())),
    }
}
