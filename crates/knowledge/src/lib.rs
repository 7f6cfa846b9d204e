//! What a squad knows: retrieval over the repository's documents and over what members remembered.
//!
//! Retrieval is lexical (BM25): it needs no model, no network and no index on the disk, and it finds the identifiers,
//! commands and error messages that questions about a repository are made of. Documents are cut at their headings
//! (`chunk`), words are cut as code writes them (`tokens`), and an index lives as long as its owner keeps it.
//!
//! What is found was written by whoever wrote the repository: it is data for a model, never an instruction.

mod chunk;
mod document;
mod render;
mod search;
mod tokens;

pub use document::{Document, is_document};
pub use render::render;
pub use search::{Hit, Knowledge, Source};
