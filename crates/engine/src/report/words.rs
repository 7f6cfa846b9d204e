//! How the report, and whoever shows an execution, puts things into words.

use squad_domain::execution::{Status, SubtaskStage};
use squad_domain::question::Answer;
use squad_domain::tests_run::CommandSource;

/// `0.4s`, `12s`, `3m 12s`, `2h 05m`: as short as it stays useful.
#[must_use]
pub fn duration(milliseconds: u64) -> String {
    let seconds = milliseconds / 1_000;
    match seconds {
        0..10 if milliseconds % 1_000 >= 100 => format!("{seconds}.{}s", milliseconds % 1_000 / 100),
        0..60 => format!("{seconds}s"),
        60..3_600 => format!("{}m {:02}s", seconds / 60, seconds % 60),
        3_600..172_800 => format!("{}h {:02}m", seconds / 3_600, seconds % 3_600 / 60),
        _ => format!("{} days", seconds / 86_400),
    }
}

/// `812`, `12.3k`, `1.2M`: tokens where there is little room.
#[must_use]
pub fn tokens(count: u64) -> String {
    match count {
        0..1_000 => count.to_string(),
        1_000..1_000_000 => format!("{}.{}k", count / 1_000, count % 1_000 / 100),
        _ => format!("{}.{}M", count / 1_000_000, count % 1_000_000 / 100_000),
    }
}

/// The first characters of a commit: as many as git shows.
#[must_use]
pub fn short_commit(commit: &str) -> &str {
    commit.get(..7).unwrap_or(commit)
}

/// Who chose the command that opens the gate.
#[must_use]
pub const fn source(source: CommandSource) -> &'static str {
    match source {
        CommandSource::Person => "given by a person",
        CommandSource::Detected => "found in the repository",
        CommandSource::Plan => "proposed by the plan",
    }
}

/// How far a sub-task is.
#[must_use]
pub const fn stage(stage: SubtaskStage) -> &'static str {
    match stage {
        SubtaskStage::Waiting => "waiting",
        SubtaskStage::Working => "being worked on",
        SubtaskStage::Submitted => "handed over",
        SubtaskStage::ChangesRequested => "changes requested",
        SubtaskStage::Approved => "approved",
        SubtaskStage::Conflicted => "in conflict",
        SubtaskStage::Resolved => "conflict resolved",
        SubtaskStage::Merged => "merged",
    }
}

/// Where an execution stands, in plain words.
#[must_use]
pub const fn status(status: Status) -> &'static str {
    match status {
        Status::Pending => "Pending",
        Status::Analyzing => "Analyzing",
        Status::Planning => "Planning",
        Status::Delegated => "Delegated",
        Status::InProgress => "In progress",
        Status::Reviewing => "Reviewing",
        Status::Testing => "Testing",
        Status::Blocked => "Waiting for you",
        Status::Completed => "Completed",
        Status::Failed => "Failed",
        Status::Cancelled => "Cancelled",
    }
}

/// An answer as one reads it.
#[must_use]
pub fn answer(answer: &Answer) -> String {
    let with_note = |verb: &str, note: &str| match note.trim() {
        "" => verb.to_owned(),
        note => format!("{verb}: {note}"),
    };
    match answer {
        Answer::Text { text } => text.clone(),
        Answer::Approve { note } => with_note("approved", note),
        Answer::Reject { reason } => with_note("rejected", reason),
        Answer::RaiseBudget { limit } => format!("budget raised to {limit}"),
        Answer::Retry { note } => with_note("once more", note),
        Answer::Stop => "stopped".to_owned(),
    }
}
