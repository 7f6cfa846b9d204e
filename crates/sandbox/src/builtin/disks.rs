//! What a session remembers of the sizes of its folders, from run to run.

use std::path::PathBuf;
use std::sync::Mutex;
use std::time::Instant;

use crate::launcher::policy::{Measured, Watched};

/// Measuring may take this part of the time: looking through a large workspace after every short command would cost more
/// than the command.
const SHARE: u32 = 20;

pub(crate) struct Disks(Mutex<Vec<Disk>>);

struct Disk {
    path: PathBuf,
    bytes: u64,
    last: Option<(Measured, Instant)>,
}

impl Disks {
    pub(crate) fn new(folders: Vec<(PathBuf, u64)>) -> Self {
        Self(Mutex::new(folders.into_iter().map(|(path, bytes)| Disk { path, bytes, last: None }).collect()))
    }

    /// What the launcher of the next run has to watch.
    pub(crate) fn watched(&self) -> Vec<Watched> {
        let disks = self.0.lock().expect("no holder panics");
        let watched = |disk: &Disk| Watched {
            path: disk.path.clone(),
            bytes: disk.bytes,
            known: disk.last.map_or(0, |(measured, _)| measured.bytes),
            measure_at_end: disk.last.is_none_or(|(measured, when)| when.elapsed() >= measured.took * SHARE),
        };
        disks.iter().map(watched).collect()
    }

    pub(crate) fn remember(&self, measured: &[Option<Measured>]) {
        let mut disks = self.0.lock().expect("no holder panics");
        for (disk, measured) in disks.iter_mut().zip(measured) {
            if let Some(measured) = measured {
                disk.last = Some((*measured, Instant::now()));
            }
        }
    }
}
