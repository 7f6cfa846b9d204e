//! `run_command`: in the sandbox only, and afterwards nothing is changed that the member may not change.

use std::time::Duration;

use squad_sandbox::{Command, ExecOptions, ExecResult, ExitStatus};
use squad_workspace::{Change, TreeId, Workspace};

use super::paths::{covers, is_test_path, matcher};
use super::perform::RESULT_BYTES;
use super::{Outcome, Surroundings};
use crate::text::{bound_more, plain};

/// Output of a command; leaves room for the lines in front of it.
const OUTPUT_BYTES: usize = RESULT_BYTES - 2_000;
/// Paths named in a refusal.
const PATHS_NAMED: usize = 10;

pub(super) async fn run(command: &str, seconds: Option<u64>, around: &Surroundings<'_>) -> Outcome {
    let Some(session) = &around.session else {
        return Outcome::error("commands cannot be run in this duty");
    };
    if command.contains('\0') {
        return Outcome::error(
            "a command cannot hold a NUL byte; write `\\0` where a program should make one",
        );
    }
    let limited = around.test_paths_only() || !around.member.allowed_paths.is_empty();
    let before = if limited {
        match around.workspace.checkpoint().await {
            Ok(checkpoint) => Some(checkpoint.tree),
            Err(error) => return Outcome::failed(&error),
        }
    } else {
        None
    };
    let longest = around.longest_command.max(Duration::from_secs(1));
    let wall = seconds.map_or(longest, |seconds| Duration::from_secs(seconds.max(1)).min(longest));
    let command = Command {
        command: command.to_owned(),
        env: around.workspace.sandbox_environment(),
        timeout: Some(wall),
        ..Command::default()
    };
    let options = ExecOptions { output: around.output.clone(), cancel: around.cancel.clone() };
    let result = match session.exec(command, options).await {
        Ok(result) => result,
        Err(error) => return Outcome { fault: true, ..Outcome::error(error) },
    };
    let undone = match before {
        Some(before) => match undo_forbidden(&before, around).await {
            Ok(note) => note,
            Err(error) => return Outcome { changed_files: true, ..Outcome::failed(&error) },
        },
        None => None,
    };
    told(&result, wall, undone)
}

/// `exit status 1 · 1.2 s`, then the output.
fn told(result: &ExecResult, wall: Duration, undone: Option<String>) -> Outcome {
    let mut content = format!("{} · {}", ended(result.status, wall), spent(result.duration));
    if let Some(note) = undone {
        content.push('\n');
        content.push_str(&note);
    }
    content.push('\n');
    content.push_str(&bounded(&result.output.text, result.output.omitted_bytes));
    let ran_to_its_end = matches!(result.status, ExitStatus::Exited(_) | ExitStatus::Signaled(_));
    Outcome { content, is_error: !ran_to_its_end, changed_files: true, fault: false }
}

/// A command's output as models and people read it: without escape sequences, head and tail kept.
#[must_use]
pub fn bounded_output(output: &str) -> String {
    bounded(output, 0)
}

fn bounded(output: &str, missing: u64) -> String {
    let output = plain(output);
    let output = bound_more(output.trim_end(), OUTPUT_BYTES, missing);
    if output.trim().is_empty() { "(no output)".to_owned() } else { output.into_owned() }
}

/// How a command ended, in words: `exit status 1`, `timed out after 300 s`. `wall` is the time that it had.
#[must_use]
pub fn ended(status: ExitStatus, wall: Duration) -> String {
    match status {
        ExitStatus::Exited(code) => format!("exit status {code}"),
        ExitStatus::Signaled(signal) => format!("ended by signal {signal}"),
        ExitStatus::TimedOut => format!("timed out after {} s", wall.as_secs()),
        ExitStatus::OutOfMemory => "stopped: out of memory".to_owned(),
        ExitStatus::TooManyProcesses => "stopped: too many processes".to_owned(),
        ExitStatus::WorkspaceFull => "stopped: the workspace or the cache grew too large".to_owned(),
        ExitStatus::Cancelled => "stopped: cancelled".to_owned(),
    }
}

fn spent(duration: Duration) -> String {
    match duration.as_secs() {
        0..10 => format!("{:.1} s", duration.as_secs_f64()),
        seconds @ 10..120 => format!("{seconds} s"),
        seconds => format!("{} min {} s", seconds / 60, seconds % 60),
    }
}

/// A command can write to every file of the worktree. Where it wrote to one that the member may not change, all of its
/// changes are undone (files that git ignores stay), and the member is told which paths they were.
async fn undo_forbidden(
    before: &TreeId,
    around: &Surroundings<'_>,
) -> squad_workspace::Result<Option<String>> {
    let workspace: &Workspace = around.workspace;
    let after = workspace.checkpoint().await?.tree;
    if after == *before {
        return Ok(None);
    }
    let changes = workspace.repository().changes(before, &after).await?;
    let forbidden = forbidden(&changes, around);
    if forbidden.is_empty() {
        return Ok(None);
    }
    workspace.restore(before).await?;
    let mut named: Vec<String> = forbidden.iter().take(PATHS_NAMED).map(|path| format!("`{path}`")).collect();
    if forbidden.len() > PATHS_NAMED {
        named.push(format!("{} more", forbidden.len() - PATHS_NAMED));
    }
    let rule = if around.test_paths_only() {
        "in this duty only test files and their fixtures may be changed"
    } else {
        "your list of allowed paths does not hold all of them"
    };
    Ok(Some(format!(
        "all changes that the command made to files were undone, because it changed {}: {rule}",
        named.join(", ")
    )))
}

fn forbidden<'a>(changes: &'a [Change], around: &Surroundings<'_>) -> Vec<&'a str> {
    let allowed = &around.member.allowed_paths;
    // A pattern that cannot be read allows nothing, as in the file tools.
    let patterns = matcher(allowed).ok();
    let may = |path: &str| {
        (!around.test_paths_only() || is_test_path(path))
            && (allowed.is_empty() || patterns.as_ref().is_some_and(|patterns| covers(patterns, path)))
    };
    changes
        .iter()
        .flat_map(|change| std::iter::once(change.path.as_str()).chain(change.old_path.as_deref()))
        .filter(|path| !may(path))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use squad_sandbox::Output;

    fn content(status: ExitStatus, output: &str, omitted: u64) -> Outcome {
        let output = Output {
            text: output.to_owned(),
            total_bytes: output.len() as u64 + omitted,
            omitted_bytes: omitted,
        };
        told(
            &ExecResult { status, output, duration: Duration::from_millis(1234) },
            Duration::from_secs(300),
            None,
        )
    }

    #[test]
    fn the_first_line_says_how_it_ended() {
        assert_eq!(
            content(ExitStatus::Exited(1), "\u{1b}[31mFAIL\u{1b}[0m\n", 0).content,
            "exit status 1 · 1.2 s\nFAIL"
        );
        assert_eq!(content(ExitStatus::Exited(0), "", 0).content, "exit status 0 · 1.2 s\n(no output)");
        assert!(content(ExitStatus::TimedOut, "x", 0).content.starts_with("timed out after 300 s"));
        assert!(content(ExitStatus::OutOfMemory, "x", 0).content.starts_with("stopped: out of memory"));
    }

    #[test]
    fn a_failing_test_is_a_result_and_a_stopped_command_an_error() {
        assert!(!content(ExitStatus::Exited(1), "", 0).is_error);
        assert!(content(ExitStatus::TimedOut, "", 0).is_error);
        assert!(content(ExitStatus::Cancelled, "", 0).is_error);
    }

    #[test]
    fn long_output_is_bounded_and_everything_left_out_is_counted() {
        let long = "line\n".repeat(100_000);
        let told = content(ExitStatus::Exited(0), &long, 1_000_000);
        assert!(told.content.len() <= RESULT_BYTES, "{}", told.content.len());
        let left_out: u64 = told
            .content
            .lines()
            .find_map(|line| line.strip_prefix("[… ")?.strip_suffix(" bytes left out …]")?.parse().ok())
            .unwrap();
        assert!((1_400_000..1_500_000).contains(&left_out), "{left_out}");
    }
}
