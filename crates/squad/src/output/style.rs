//! Colours. State is never told by colour alone: a word or a sign always goes with it.

use anstyle::{AnsiColor, Style};
use squad_domain::execution::Status;

/// What is there but need not be read.
pub(crate) const QUIET: Style = Style::new().dimmed();
/// Names and headings.
pub(crate) const STRONG: Style = Style::new().bold();
/// Passed.
pub(crate) const GOOD: Style = AnsiColor::Green.on_default();
/// Failed.
pub(crate) const BAD: Style = AnsiColor::Red.on_default();
/// Waits for a person.
pub(crate) const WAITING: Style = AnsiColor::Yellow.on_default();
/// Running.
pub(crate) const RUNNING: Style = AnsiColor::Blue.on_default();

/// The text in a style.
pub(crate) fn paint(style: Style, text: &str) -> String {
    format!("{style}{text}{style:#}")
}

/// The sign and colour of a status.
pub(crate) const fn status(status: Status) -> (&'static str, Style) {
    match status {
        Status::Completed => ("✓", GOOD),
        Status::Failed => ("✗", BAD),
        Status::Cancelled => ("■", QUIET),
        Status::Blocked => ("?", WAITING),
        _ => ("●", RUNNING),
    }
}
