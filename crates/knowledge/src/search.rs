//! The index, and what is found in it.

use crate::chunk::chunks;
use crate::document::Document;
use crate::tokens::Words;
use bm25::{Embedder, EmbedderBuilder, Scorer, Tokenizer as _};
use squad_domain::Timestamp;
use squad_domain::ids::MemberName;
use squad_storage::Memory;
use std::collections::HashSet;
use std::fmt;
use time::macros::format_description;

/// Bytes of documents that are indexed in all. They are taken from the root of the repository downwards, so that a README
/// comes before a deep manual.
const MAX_TEXT: usize = 8 << 20;

/// Where a piece of knowledge comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Source {
    /// A document of the repository.
    Document {
        /// The file, relative to the repository.
        path: String,
        /// The headings that it stands under, outermost first.
        headings: Vec<String>,
        /// The line that it begins with, from 1.
        line: usize,
    },
    /// Something that a member remembered.
    Memory {
        /// Who.
        by: MemberName,
        /// When.
        at: Timestamp,
    },
}

/// `docs/testing.md#Running the tests`, or `remembered by Bea on 2026-01-02`.
impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Document { path, headings, .. } => match headings.last() {
                Some(heading) => write!(f, "{path}#{heading}"),
                None => f.write_str(path),
            },
            Self::Memory { by, at } => {
                let day = at.format(format_description!("[year]-[month]-[day]")).map_err(|_| fmt::Error)?;
                write!(f, "remembered by {by} on {day}")
            }
        }
    }
}

/// A piece of knowledge that fits a question.
#[derive(Debug, Clone, PartialEq)]
pub struct Hit {
    /// Where it comes from.
    pub source: Source,
    /// What it says.
    pub text: String,
    /// How well it fits; only to be compared within one search.
    pub score: f32,
}

/// What a squad knows about one repository.
pub struct Knowledge {
    pieces: Vec<(Source, String)>,
    embedder: Embedder<u32, Words>,
    scorer: Scorer<usize>,
}

impl Knowledge {
    /// Builds the index. Memories come newest first; one that was remembered again counts once.
    #[must_use]
    pub fn build(mut documents: Vec<Document>, memories: Vec<Memory>) -> Self {
        documents.sort_by_cached_key(|document| (document.path.matches('/').count(), document.path.clone()));
        let mut pieces = Vec::new();
        let mut indexed = Vec::new();
        let mut size = 0;
        for document in documents {
            if size + document.text.len() > MAX_TEXT {
                continue;
            }
            size += document.text.len();
            for chunk in chunks(&document.text) {
                // What stands in a heading or in the file's name is what the piece is about.
                let headings = chunk.headings.join(" ");
                let last = chunk.headings.last().cloned().unwrap_or_default();
                indexed.push(format!("{} {headings} {last}\n{}", document.path, chunk.text));
                let source = Source::Document {
                    path: document.path.clone(),
                    headings: chunk.headings,
                    line: chunk.line,
                };
                pieces.push((source, chunk.text));
            }
        }
        let mut known = HashSet::new();
        for memory in memories {
            if known.insert(memory.text.trim().to_lowercase()) {
                indexed.push(format!("{} {}", memory.tags.join(" "), memory.text));
                pieces.push((Source::Memory { by: memory.member, at: memory.at }, memory.text));
            }
        }
        let words = Words::default();
        let total: usize = indexed.iter().map(|text| words.tokenize(text).len()).sum();
        #[expect(clippy::cast_precision_loss, reason = "an average")]
        let mean = total as f32 / indexed.len().max(1) as f32;
        let embedder = EmbedderBuilder::<u32, Words>::with_avgdl(mean).tokenizer(words).build();
        let mut scorer = Scorer::new();
        for (index, text) in indexed.iter().enumerate() {
            scorer.upsert(&index, embedder.embed(text));
        }
        Self { pieces, embedder, scorer }
    }

    /// The `top_k` pieces that fit the question best, best first. The same question always finds the same.
    #[must_use]
    pub fn search(&self, query: &str, top_k: usize) -> Vec<Hit> {
        let mut found = self.scorer.matches(&self.embedder.embed(query));
        // Among equals the order of the index counts; the scorer's own order changes from run to run.
        found.sort_by(|a, b| b.score.total_cmp(&a.score).then(a.id.cmp(&b.id)));
        found
            .into_iter()
            .take(top_k)
            .filter_map(|found| {
                let (source, text) = self.pieces.get(found.id)?;
                Some(Hit { source: source.clone(), text: text.clone(), score: found.score })
            })
            .collect()
    }

    /// Whether there is nothing to be found, whatever the question.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.pieces.is_empty()
    }
}
