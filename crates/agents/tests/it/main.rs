//! Prompts, briefs, requests and tools, on a small execution told by its events.

mod arguments;
mod briefs;
mod context;
mod performing;
mod story;
mod system_prompts;
