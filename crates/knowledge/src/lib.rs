//! What a squad knows: retrieval over the repository's documents and over what members remembered.
//!
//! Lexical (BM25) for now: it needs no model, no service and no index on disk, and names of things, which are most of
//! what members look for, are found by their letters.

mod chunk;
mod search;
mod words;

pub use search::{Document, Hit, Knowledge, render};
