//! What a squad knows: retrieval over the repository's documents and over what members remembered.
