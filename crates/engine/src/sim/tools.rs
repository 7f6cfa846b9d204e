//! Tools on the world's disk: what `perform::tool` does with git and a sandbox.

use super::disk::{Disk, Files};
use crate::perform::{Fault, Outcome, ToolRun, Work};
use squad_agents::tools::Invocation;
use squad_domain::duty::Duty;
use squad_domain::execution::{EventBody, NewEvent};
use squad_domain::ids::{CommitId, TreeId};
use std::collections::BTreeSet;

/// What a tool tells its member.
pub(super) struct Told {
    content: String,
    is_error: bool,
    changed: bool,
}

/// Runs the tool in its worktree, which it puts back to what the log says first.
pub(super) fn perform(disk: &mut Disk, run: &ToolRun, invocation: &Invocation) -> Told {
    let before = disk.files_of(&run.since);
    let files = disk.restore(&run.workspace, &run.base, run.tree.as_ref());
    let told = |content: String| Told { content, is_error: false, changed: false };
    let changed = |content: &str| Told { changed: true, ..told(content.to_owned()) };
    match invocation {
        Invocation::Write { path, content } => {
            files.insert(path.clone(), content.clone());
            changed("written")
        }
        Invocation::Run { command, .. } => Told { changed: true, ..told(shell(files, command)) },
        Invocation::Read { path, start_line, .. } => {
            let text = files.get(path).cloned().unwrap_or_default();
            let lines: Vec<&str> = text.lines().skip(start_line.unwrap_or(1) - 1).collect();
            told(lines.join("\n"))
        }
        Invocation::List { .. } => told(files.keys().cloned().collect::<Vec<_>>().join("\n")),
        Invocation::ViewDiff { .. } => told(super::disk::diff(&before, files)),
        other => Told { is_error: true, ..told(format!("nobody plays {other:?}")) },
    }
}

/// `append <path> <words>`; `sort <path> <words>`, which gives the same file in whatever order it is done; `mend`;
/// `check`.
fn shell(files: &mut Files, command: &str) -> String {
    let mut words = command.splitn(3, ' ');
    match (words.next(), words.next(), words.next()) {
        (Some("append"), Some(path), Some(line)) => {
            let text = files.entry(path.to_owned()).or_default();
            text.push_str(line);
            text.push('\n');
            "exit status 0".to_owned()
        }
        (Some("sort"), Some(path), Some(line)) => {
            let text = files.entry(path.to_owned()).or_default();
            let lines: BTreeSet<&str> = text.lines().chain([line]).collect();
            *text = lines.into_iter().map(|line| format!("{line}\n")).collect();
            "exit status 0".to_owned()
        }
        (Some("mend"), ..) => {
            files.values_mut().for_each(|text| *text = text.replace("BUG\n", "mended\n"));
            "exit status 0".to_owned()
        }
        _ => format!("exit status {}", check(files)),
    }
}

/// The project's tests: they fail while there is a bug anywhere.
pub(super) fn check(files: &Files) -> i32 {
    i32::from(files.values().any(|text| text.contains("BUG")))
}

/// Writes the files down, and tells the member.
pub(super) fn finished(disk: &mut Disk, run: &ToolRun, told: Told) -> NewEvent {
    let tree = told.changed.then(|| disk.checkpoint(&run.workspace));
    event(run, told.content, told.is_error, tree.filter(|tree| run.tree.as_ref() != Some(tree)))
}

fn event(run: &ToolRun, content: String, is_error: bool, tree: Option<TreeId>) -> NewEvent {
    let body = EventBody::ToolFinished {
        step: run.step.clone(),
        lane: run.lane.clone(),
        tool: run.tool.clone(),
        content,
        is_error,
        tree,
        duration_ms: 0,
    };
    NewEvent::member(&run.member.name, body)
}

/// Hands work or a report over.
pub(super) fn hand_over(disk: &mut Disk, run: &ToolRun, at: i64) -> Outcome {
    disk.restore(&run.workspace, &run.base, run.tree.as_ref());
    let tree = disk.checkpoint(&run.workspace);
    match &run.work {
        Work::HandOver { summary } => work(disk, run, tree, summary, at),
        Work::Report(report) => {
            let new = disk.tree_of(&run.base) != tree;
            let commit = new.then(|| disk.commit(tree.clone(), vec![run.base.clone()], "Add tests", at));
            let mut events = Vec::new();
            if commit.is_some() && run.tree.as_ref() != Some(&tree) {
                events.push(event(run, "Handed over.".to_owned(), false, Some(tree)));
            }
            let lane = run.lane.clone();
            let body = EventBody::TestReportSubmitted { lane, report: report.clone(), commit };
            events.push(NewEvent::member(&run.member.name, body));
            Ok(events)
        }
        other => Err(Fault(format!("nobody plays {other:?}"))),
    }
}

fn work(disk: &mut Disk, run: &ToolRun, tree: TreeId, summary: &str, at: i64) -> Outcome {
    let subtask = run.subtask.as_deref().ok_or_else(|| Fault("no sub-task".to_owned()))?;
    let parents: Vec<CommitId> = if run.duty == Duty::Resolve {
        let left = disk.files(&tree).values().any(|text| text.contains("<<<<<<<"));
        if left {
            return Ok(vec![event(run, "There are conflict markers left.".to_owned(), true, None)]);
        }
        [Some(run.base.clone()), subtask.commit.clone()].into_iter().flatten().collect()
    } else {
        vec![subtask.commit.clone().unwrap_or_else(|| run.base.clone())]
    };
    let same = parents.len() == 1 && disk.tree_of(&parents[0]) == tree;
    let commit = if same { parents[0].clone() } else { disk.commit(tree.clone(), parents, summary, at) };
    let body = EventBody::WorkSubmitted {
        lane: run.lane.clone(),
        subtask: subtask.spec.id.clone(),
        summary: summary.to_owned(),
        commit,
        tree,
    };
    Ok(vec![NewEvent::member(&run.member.name, body)])
}
