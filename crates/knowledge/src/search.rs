//! The search itself.

use crate::chunk::chunks;
use crate::words::Words;
use bm25::{SearchEngine, SearchEngineBuilder};
use squad_storage::Memory;

/// A document of the repository.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Document {
    /// Relative to the repository.
    pub path: String,
    /// All of it.
    pub text: String,
}

/// Something that fits a query.
#[derive(Debug, Clone, PartialEq)]
pub struct Hit {
    /// Where it stands: `docs/api.md, "Errors"`, or who remembered it and when.
    pub source: String,
    /// What it says.
    pub text: String,
    /// How well it fits; only comparable within one search.
    pub score: f32,
}

/// What can be searched, ready to be searched.
pub struct Knowledge {
    engine: SearchEngine<u32, u32, Words>,
    /// Source and text, by the number of the piece.
    pieces: Vec<(String, String)>,
}

impl Knowledge {
    /// Prepares documents and memories for searching.
    #[must_use]
    pub fn build(documents: Vec<Document>, memories: Vec<Memory>) -> Self {
        let mut pieces = Vec::new();
        let mut searched = Vec::new();
        for document in documents {
            for chunk in chunks(&document.text) {
                let source = if chunk.heading.is_empty() {
                    document.path.clone()
                } else {
                    format!("{}, \"{}\"", document.path, chunk.heading)
                };
                // The path and the heading speak for their text.
                searched.push(format!("{} {}\n{}", document.path, chunk.heading, chunk.text));
                pieces.push((source, chunk.text));
            }
        }
        for memory in memories {
            searched.push(format!("{}\n{}", memory.tags.join(" "), memory.text));
            pieces.push((format!("remembered by {} on {}", memory.member, memory.at.date()), memory.text));
        }
        let corpus: Vec<&str> = searched.iter().map(String::as_str).collect();
        let engine = SearchEngineBuilder::<u32, u32, Words>::with_tokenizer_and_corpus(Words, corpus).build();
        Self { engine, pieces }
    }

    /// The `top_k` pieces that fit best, best first.
    #[must_use]
    pub fn search(&self, query: &str, top_k: usize) -> Vec<Hit> {
        self.engine
            .search(query, top_k)
            .into_iter()
            .filter_map(|result| {
                let (source, text) = self.pieces.get(usize::try_from(result.document.id).ok()?)?;
                Some(Hit { source: source.clone(), text: text.clone(), score: result.score })
            })
            .collect()
    }
}

/// The hits as text for a model, best first. Empty where there are none.
#[must_use]
pub fn render(hits: &[Hit]) -> String {
    hits.iter().map(|hit| format!("[{}]\n{}", hit.source, hit.text.trim())).collect::<Vec<_>>().join("\n\n")
}
