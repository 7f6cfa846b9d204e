//! What `search_knowledge` searches: the repository's own documents as they are in the lane, and what the squad
//! remembered of this repository in earlier executions.

use super::tool::ToolRun;
use super::{Fault, Surroundings};
use squad_knowledge::{Document, Knowledge, is_document};
use squad_workspace::Workspace;

/// Documents that are read for one search.
const DOCUMENTS: usize = 200;
/// Bytes above which a document is left out.
const DOCUMENT_BYTES: u64 = 256 * 1024;
/// Memories that are searched, newest first.
const MEMORIES: u64 = 500;

/// Prepares what is known for one search.
pub(super) async fn known(
    around: &Surroundings,
    run: &ToolRun,
    workspace: &Workspace,
) -> Result<Knowledge, Fault> {
    let (squad, repository) = &run.memories_of;
    let memories = around.storage.memories(*squad, repository, MEMORIES).await?;
    Ok(Knowledge::build(documents(run, workspace).await?, memories))
}

async fn documents(run: &ToolRun, workspace: &Workspace) -> Result<Vec<Document>, Fault> {
    let repository = workspace.repository();
    let tree = match &run.tree {
        Some(tree) => super::tree(tree)?,
        None => repository.tree_of(workspace.head()).await?,
    };
    let files = repository.files_at(&tree).await?;
    let wanted = files
        .into_iter()
        .filter(|file| is_document(&file.path) && file.size.is_some_and(|size| size <= DOCUMENT_BYTES));
    let mut documents = Vec::new();
    for file in wanted.take(DOCUMENTS) {
        if let Some(bytes) = repository.file_at(&tree, &file.path).await? {
            documents.push(Document { path: file.path, text: String::from_utf8_lossy(&bytes).into_owned() });
        }
    }
    Ok(documents)
}
