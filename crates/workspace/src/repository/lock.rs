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
    let begin = Instant::now();
    loop {
        match flock(&file, FlockOperation::NonBlockingLockExclusive) {
            Ok(()) => return Ok(Arc::new(file)),
            Err(Errno::WOULDBLOCK) if begin.elapsed() < PATIENCE => tokio::time::sleep(INTERVAL).await,
            Err(Errno::WOULDBLOCK) => return Err(Error::Busy { path: path.to_owned() }),
            Err(error) => return Err(Error::io("lock", path)(error.into())),
        }
    }
}
