//! Everything that people and scripts read: the log of a run, the live view, `show`, `list`, the report, JSON.
//!
//! Text of models, files and tools passes [`clean`] before it reaches a terminal; nothing here writes it raw. What is
//! printed is made as plain `String`s with ANSI styles in them, so that a snapshot can hold it; the streams at the edge
//! take the styles out where they do not belong.

pub(crate) mod activity;
pub(crate) mod budgets;
pub(crate) mod clean;
pub(crate) mod doctor;
pub(crate) mod held;
pub(crate) mod json;
pub(crate) mod line;
pub(crate) mod list;
pub(crate) mod live;
pub(crate) mod question;
pub(crate) mod report;
pub(crate) mod show;
pub(crate) mod story;
pub(crate) mod style;
pub(crate) mod tell;
#[cfg(test)]
mod tests;
pub(crate) mod waiting;

use std::io::{ErrorKind, Write as _};
use std::sync::atomic::{AtomicBool, Ordering};

/// Columns where nobody can tell how many there are.
const DEFAULT_WIDTH: usize = 100;
/// Columns beyond which prose is hard to read.
const MAX_WIDTH: usize = 120;
/// Columns below which nothing is readable; a terminal that says so does not know.
const MIN_WIDTH: usize = 20;

/// How wide text may be, right now: people resize their windows.
pub(crate) fn width() -> usize {
    let told = terminal_size::terminal_size().map(|(width, _)| usize::from(width.0));
    told.filter(|width| *width >= MIN_WIDTH).unwrap_or(DEFAULT_WIDTH).min(MAX_WIDTH)
}

/// Whether something that was printed did not arrive.
static LOST: AtomicBool = AtomicBool::new(false);

/// Prints to standard output, with styles only where they belong. A reader that has gone away is no error; a disk that is
/// full is told, once.
pub(crate) fn print(text: &str) {
    let mut out = anstream::stdout().lock();
    if let Err(error) = out.write_all(text.as_bytes()).and_then(|()| out.flush())
        && error.kind() != ErrorKind::BrokenPipe
        && !LOST.swap(true, Ordering::Relaxed)
    {
        remark(&format!("warning: standard output takes no more ({error}); what follows is not printed"));
    }
}

/// Whether something that was printed did not arrive, and nobody chose not to read it.
pub(crate) fn is_lost() -> bool {
    LOST.load(Ordering::Relaxed)
}

/// Prints a remark that is no part of the result to standard error.
pub(crate) fn remark(text: &str) {
    let mut out = anstream::stderr().lock();
    let _ = writeln!(out, "{text}");
}
