//! What is known: the repository's own documents as they are in a lane, and what the squad remembered of this
//! repository in earlier executions. `search_knowledge` searches it, and briefs begin with what fits the task.

use super::{Fault, Surroundings};
use crate::store::patiently;
use squad_domain::execution::ExecutionState;
use squad_domain::ids::{SquadId, TreeId};
use squad_knowledge::{Document, Knowledge, is_document, render};
use squad_workspace::Workspace;

/// Documents that are read for one search.
const DOCUMENTS: usize = 200;
/// Documents that are read for a brief: every lane has one.
const DOCUMENTS_FOR_BRIEF: usize = 40;
/// Bytes above which a document is left out.
const DOCUMENT_BYTES: u64 = 256 * 1024;
/// Memories that are searched, newest first.
const MEMORIES: u64 = 500;
/// Pieces of knowledge in a brief.
const PIECES: usize = 4;

/// Whose memories count.
#[derive(Debug, Clone)]
pub(crate) struct MemoriesOf {
    squad: SquadId,
    repository: String,
}

impl MemoriesOf {
    pub(crate) fn new(state: &ExecutionState) -> Self {
        Self { squad: state.spec.squad.id, repository: state.spec.repository.clone() }
    }
}

/// Prepares what is known for one search.
pub(super) async fn known(
    around: &Surroundings,
    of: &MemoriesOf,
    workspace: &Workspace,
    tree: Option<&TreeId>,
) -> Result<Knowledge, Fault> {
    build(around, of, workspace, tree, DOCUMENTS).await
}

/// What fits the words of a task, for a brief; `None` where nothing does.
pub(super) async fn for_brief(
    around: &Surroundings,
    state: &ExecutionState,
    workspace: &Workspace,
    tree: Option<&TreeId>,
    words: &str,
) -> Result<Option<String>, Fault> {
    let knowledge = build(around, &MemoriesOf::new(state), workspace, tree, DOCUMENTS_FOR_BRIEF).await?;
    Ok(Some(render(&knowledge.search(words, PIECES))).filter(|text| !text.trim().is_empty()))
}

async fn build(
    around: &Surroundings,
    of: &MemoriesOf,
    workspace: &Workspace,
    tree: Option<&TreeId>,
    most: usize,
) -> Result<Knowledge, Fault> {
    let memories = patiently(|| around.store.memories(of.squad, &of.repository, MEMORIES)).await?;
    Ok(Knowledge::build(documents(workspace, tree, most).await?, memories))
}

async fn documents(
    workspace: &Workspace,
    tree: Option<&TreeId>,
    most: usize,
) -> Result<Vec<Document>, Fault> {
    let repository = workspace.repository();
    let tree = match tree {
        Some(tree) => super::tree(tree)?,
        None => repository.tree_of(workspace.head()).await?,
    };
    let files = repository.files_at(&tree).await?;
    let wanted = files
        .into_iter()
        .filter(|file| is_document(&file.path) && file.size.is_some_and(|size| size <= DOCUMENT_BYTES));
    let paths: Vec<String> = wanted.take(most).map(|file| file.path).collect();
    let read = repository.read_at(&tree, &paths).await?;
    let document = |(path, bytes): (String, Option<Vec<u8>>)| {
        Some(Document { path, text: String::from_utf8_lossy(&bytes?).into_owned() })
    };
    Ok(paths.into_iter().zip(read).filter_map(document).collect())
}
