//! Merging without a checkout: no file of a workspace takes part, so nothing in one can interfere.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::Repository;
use crate::error::{Error, Result};
use crate::ids::{CommitId, TreeId, TreeLike};

/// What came of merging two commits.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "outcome")]
pub enum MergeOutcome {
    /// Both sides fit together.
    Clean {
        /// The merged files.
        tree: TreeId,
    },
    /// Someone has to decide.
    Conflict {
        /// The merged files, with conflict markers where the texts clash: what the resolver starts from.
        tree_with_markers: TreeId,
        /// The paths in conflict.
        files: Vec<String>,
        /// git's own words about each conflict, which also name those without markers (deleted here, changed there; binary files).
        messages: Vec<String>,
    },
}

impl Repository {
    /// Merges two commits.
    ///
    /// # Errors
    /// When they have no common history, or git fails.
    pub async fn merge(&self, ours: &CommitId, theirs: &CommitId) -> Result<MergeOutcome> {
        let query =
            ["merge-tree", "--write-tree", "-z", "--name-only", "--messages", ours.as_str(), theirs.as_str()];
        let output = self.git().command(query).accept(1).run().await?;
        let unexpected =
            || Error::Unexpected { command: "merge-tree".to_owned(), detail: output.text().into_owned() };
        let (tree, rest) = match output.stdout.iter().position(|byte| *byte == 0) {
            Some(end) => (&output.stdout[..end], &output.stdout[end + 1..]),
            None => return Err(unexpected()),
        };
        let tree: TreeId = String::from_utf8_lossy(tree).parse()?;
        if output.status == 0 {
            return Ok(MergeOutcome::Clean { tree });
        }
        let (files, messages) = parse_conflicts(rest);
        Ok(MergeOutcome::Conflict { tree_with_markers: tree, files, messages })
    }

    /// Those of `files` that still hold conflict markers in the tree.
    ///
    /// # Errors
    /// When the tree is not in the repository.
    pub async fn has_conflict_markers(&self, tree: &impl TreeLike, files: &[String]) -> Result<Vec<String>> {
        let mut marked = Vec::new();
        for file in files {
            if self.file_at(tree, file).await?.is_some_and(|content| is_marked(&content)) {
                marked.push(file.clone());
            }
        }
        Ok(marked)
    }
}

/// Reads what follows the tree in `merge-tree -z --name-only --messages`: paths, an empty field, and messages, each as
/// the number of its paths, the paths, its kind, its text.
pub(super) fn parse_conflicts(bytes: &[u8]) -> (Vec<String>, Vec<String>) {
    let mut fields = bytes.split(|byte| *byte == 0).map(String::from_utf8_lossy);
    let paths = fields.by_ref().take_while(|path| !path.is_empty());
    let files: BTreeSet<String> = paths.map(std::borrow::Cow::into_owned).collect();
    let mut messages = Vec::new();
    while let Some(count) = fields.next().and_then(|count| count.parse::<usize>().ok()) {
        let mut rest = fields.by_ref().skip(count);
        let (kind, text) = (rest.next(), rest.next());
        if let (Some(kind), Some(text)) = (kind, text)
            && kind.starts_with("CONFLICT")
        {
            messages.push(text.trim().to_owned());
        }
    }
    (files.into_iter().collect(), messages)
}

/// A line of seven `<` or `>` and a space; `=======` alone also underlines headings.
fn is_marked(content: &[u8]) -> bool {
    content
        .split(|byte| *byte == b'\n')
        .any(|line| line.starts_with(b"<<<<<<< ") || line.starts_with(b">>>>>>> "))
}
