//! One member's turn, except who drives it: prompts, briefs, the context of a call, and the tools.
//!
//! ```text
//! brief::write   → the first message of a lane          (stored in the log when the lane opens)
//! request        → what a model is asked for one turn   (a pure function of the log)
//! tools::parse   → what a tool call means, or exactly why it means nothing
//! tools::perform → its effect, inside the member's limits
//! ```
//!
//! Never found here: a limit that only a prompt enforces; text of a repository or of a tool in a system prompt (except
//! `AGENTS.md`, fenced and bounded); a file or a command that is touched past `squad-workspace` and `squad-sandbox`.

pub mod brief;
mod context;
pub mod mcp;
mod prompts;
mod text;
pub mod tools;

pub use context::{candidates, condense_request, request};
pub use prompts::{PromptError, Prompts};
