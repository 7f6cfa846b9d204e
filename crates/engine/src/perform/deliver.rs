//! The last step: the branch goes where it belongs.

use super::{Fault, Outcome, Surroundings, commit};
use squad_domain::execution::event::Delivery;
use squad_domain::execution::{EventBody, ExecutionState, NewEvent};
use squad_workspace::{BranchChoice, Change, ChangeKind, slug};

/// Commits that the report lists.
const COMMITS: usize = 200;

pub(crate) async fn deliver(around: Surroundings, state: &ExecutionState) -> Outcome {
    let missing = || Fault("there is nothing to deliver".to_owned());
    let base = state.prepared.as_ref().map(|prepared| prepared.base.clone()).ok_or_else(missing)?;
    let head = state.head.clone().ok_or_else(missing)?;
    let repository = around.workspaces.repository().await?;
    let choice = match &state.spec.branch {
        Some(name) => BranchChoice::Exactly(name.parse()?),
        None => {
            let name = format!("squad/{}-{}", slug(&state.spec.task.title), around.execution.short());
            BranchChoice::Suggested(name.parse()?)
        }
    };
    let source = around.workspaces.source()?;
    let delivered = match repository.deliver(&source, &choice, &commit(&head)?).await {
        // It was free when the work began, so nobody can choose another name any more.
        Err(squad_workspace::Error::BranchExists { name, detail }) => {
            return Err(Fault(format!(
                "the branch `{name}` has come into the repository in the meantime ({detail}); rename it there, for example with `git branch -m {name} {name}-old`, and try again: the work is kept"
            )));
        }
        other => other?,
    };
    let mut log = repository.log(&commit(&base)?, &commit(&head)?, COMMITS).await?;
    log.reverse();
    let changes = repository.changes(&commit(&base)?, &commit(&head)?).await?;
    let delivery = Delivery {
        branch: delivered.branch.as_str().to_owned(),
        commit: head,
        base,
        commits: log.iter().map(|entry| format!("{} {}", &entry.id.as_str()[..10], entry.subject)).collect(),
        diff_stat: diff_stat(&changes),
        location: source.to_string(),
    };
    Ok(vec![NewEvent::engine(EventBody::Delivered { delivery })])
}

/// One line per file, and the sum: `src/cart.js +6 −2`.
fn diff_stat(changes: &[Change]) -> String {
    let mut lines: Vec<String> = changes
        .iter()
        .map(|change| {
            let kind = match change.kind {
                ChangeKind::Added => " (new)",
                ChangeKind::Deleted => " (deleted)",
                ChangeKind::Renamed => " (renamed)",
                ChangeKind::Modified | ChangeKind::TypeChanged => "",
            };
            if change.binary {
                format!("{} binary{kind}", change.path)
            } else {
                format!("{} +{} −{}{kind}", change.path, change.added, change.removed)
            }
        })
        .collect();
    let (added, removed) =
        changes.iter().fold((0, 0), |(a, r), change| (a + change.added, r + change.removed));
    let files = if changes.len() == 1 { "1 file".to_owned() } else { format!("{} files", changes.len()) };
    lines.push(format!("{files} changed, +{added} −{removed}"));
    lines.join("\n")
}
