//! Prompts, briefs, requests and tools, on a small execution told by its events.

#![expect(clippy::unwrap_used, reason = "a test that cannot be set up has failed")]

mod arguments;
mod briefs;
mod context;
mod garbage;
mod mcp;
mod performing;
mod story;
mod system_prompts;
