//! Bringing a sub-task's work into the execution's branch.

use super::{Fault, Outcome, Surroundings, commit};
use squad_domain::execution::{EventBody, ExecutionState, NewEvent};
use squad_domain::ids::{CommitId, SubtaskId, TreeId};
use squad_workspace::{CommitRequest, MergeOutcome};

pub(crate) async fn merge(around: Surroundings, state: &ExecutionState, id: &SubtaskId) -> Outcome {
    let missing = || Fault(format!("sub-task `{id}` has nothing to merge"));
    let subtask = state.subtask(id).ok_or_else(missing)?;
    let head = commit(state.head.as_ref().ok_or_else(missing)?)?;
    let work = commit(subtask.commit.as_ref().ok_or_else(missing)?)?;
    let repository = around.workspaces.repository().await?;
    let merged = |commit: &squad_workspace::CommitId, tree: &squad_workspace::TreeId| {
        Ok(vec![NewEvent::engine(EventBody::SubtaskMerged {
            subtask: id.clone(),
            commit: CommitId(commit.to_string()),
            tree: TreeId(tree.to_string()),
        })])
    };
    if repository.is_ancestor(&head, &work).await? {
        return merged(&work, &repository.tree_of(&work).await?);
    }
    match repository.merge(&head, &work).await? {
        MergeOutcome::Clean { tree } => {
            let request = CommitRequest {
                tree: tree.clone(),
                parents: vec![head, work],
                message: format!("Merge {id}: {}", subtask.spec.title),
                author: "Agent Squad".to_owned(),
                unix_seconds: around.clock.now().unix_timestamp(),
            };
            let commit = repository.commit(&request).await?;
            merged(&commit, &tree)
        }
        MergeOutcome::Conflict { tree_with_markers, files, .. } => {
            Ok(vec![NewEvent::engine(EventBody::MergeConflicted {
                subtask: id.clone(),
                files,
                tree: TreeId(tree_with_markers.to_string()),
            })])
        }
    }
}
