//! What `search_knowledge` searches: the repository's own documents as they are in the lane, and what the squad
//! remembered of this repository in earlier executions.

use super::Surroundings;
use super::tool::ToolRun;
use async_trait::async_trait;
use squad_agents::tools::KnowledgeSource;
use squad_knowledge::{Document, Knowledge, render};
use squad_workspace::Workspace;
use std::path::Path;

/// Documents that are read for one search.
const DOCUMENTS: usize = 200;
/// Bytes above which a document is left out.
const DOCUMENT_BYTES: u64 = 256 * 1024;
/// Memories that are searched, newest first.
const MEMORIES: u64 = 500;

/// Looks things up for one tool call.
pub(super) struct Known<'a> {
    pub(super) around: &'a Surroundings,
    pub(super) run: &'a ToolRun,
    pub(super) workspace: &'a Workspace,
}

#[async_trait]
impl KnowledgeSource for Known<'_> {
    async fn search(&self, query: &str, top_k: usize) -> Result<String, String> {
        let documents = self.documents().await.map_err(|error| error.to_string())?;
        let (squad, repository) = &self.run.memories_of;
        let memories = self.around.storage.memories(*squad, repository, MEMORIES).await;
        let knowledge = Knowledge::build(documents, memories.map_err(|error| error.to_string())?);
        Ok(render(&knowledge.search(query, top_k)))
    }
}

impl Known<'_> {
    async fn documents(&self) -> squad_workspace::Result<Vec<Document>> {
        let repository = self.workspace.repository();
        let tree = match &self.run.tree {
            Some(tree) => tree.as_str().parse()?,
            None => repository.tree_of(self.workspace.head()).await?,
        };
        let files = repository.files_at(&tree).await?;
        let wanted = files.into_iter().filter(|file| {
            is_document(&file.path) && file.size.is_some_and(|size| size <= DOCUMENT_BYTES)
        });
        let mut documents = Vec::new();
        for file in wanted.take(DOCUMENTS) {
            if let Some(bytes) = repository.file_at(&tree, &file.path).await? {
                documents.push(Document { path: file.path, text: String::from_utf8_lossy(&bytes).into_owned() });
            }
        }
        Ok(documents)
    }
}

fn is_document(path: &str) -> bool {
    let extension = Path::new(path).extension().and_then(|extension| extension.to_str()).unwrap_or_default();
    matches!(extension.to_ascii_lowercase().as_str(), "md" | "markdown" | "rst" | "txt" | "adoc")
}
