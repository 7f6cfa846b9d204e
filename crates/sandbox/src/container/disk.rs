//! Watches the size of a session's folders from outside while a command runs.

use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::time::Duration;

use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use crate::builtin::Disks;
use crate::launcher::policy::{Measured, Watched};
use crate::launcher::watch::DiskWatch;

/// How often it is asked whether a measurement is due.
const TICK: Duration = Duration::from_millis(50);

/// Measures until the command has ended, off the async threads. Dropping it ends it as well.
pub(super) struct DiskGuard {
    full: CancellationToken,
    over: Sender<()>,
    measuring: JoinHandle<(Vec<Option<Measured>>, bool)>,
}

impl DiskGuard {
    pub(super) fn start(disks: &Disks) -> Self {
        let (over, ended) = channel();
        let full = CancellationToken::new();
        let (watched, tell) = (disks.watched(), full.clone());
        let measuring = tokio::task::spawn_blocking(move || measure(&watched, &ended, &tell));
        Self { full, over, measuring }
    }

    /// Waits until a folder has outgrown its bound.
    pub(super) async fn full(&self) {
        self.full.cancelled().await;
    }

    /// The command has ended: whether it left a folder too full.
    pub(super) async fn end(self, disks: &Disks) -> bool {
        drop(self.over);
        let (measured, full) = self.measuring.await.expect("measuring neither panics nor is aborted");
        disks.remember(&measured);
        full
    }
}

fn measure(
    watched: &[Watched],
    ended: &Receiver<()>,
    full: &CancellationToken,
) -> (Vec<Option<Measured>>, bool) {
    let mut watches: Vec<DiskWatch<'_>> = watched.iter().map(DiskWatch::new).collect();
    while ended.recv_timeout(TICK) == Err(RecvTimeoutError::Timeout) {
        // Nameless files are process 1's to find.
        if watches.iter_mut().any(|watch| watch.outgrown(&Vec::new)) {
            full.cancel();
        }
    }
    // All of them, because the next command builds on what is measured now.
    let is_full = watches.iter_mut().map(DiskWatch::full_at_end).fold(false, |full, this| full | this);
    (watches.iter().map(DiskWatch::measured).collect(), is_full)
}
