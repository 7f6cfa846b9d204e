//! The scenario format: which words and tool calls answer which request.
//!
//! A scenario is a TOML file of *scenes*. A scene answers one lane (one member's conversation for one duty); its
//! *turns* are the answers, in order. An answer is a pure function of the request: the scene is chosen by the
//! `<assignment>` block in the first user message, the turn by the number of assistant messages in the request.
//! So a run that is killed and resumed gets the same answers again, and parallel lanes never disturb each other.
//! (A lane whose older answers were condensed away counts fewer of them: keep scripted lanes shorter than the context.)
//!
//! ```
//! let scenario = squad_scripted::Scenario::parse(r#"
//! chunk_ms = 10                      # pause between pieces of a stream; 0 if left out
//! delay_ms = 200                     # thinking time before every answer; 0 if left out; a scene or turn may differ
//!
//! [[scene]]                          # the first scene that fits answers
//! duty = "work"                      # also: member, role, subtask, round, model; each optional
//! subtask = "s1"                     # "" says: only where the assignment has no sub-task
//! when = "(?i)rounding"              # a regular expression on the conversation without its system prompt
//!
//! [[scene.turn]]
//! say = "I look at the totals first."
//! calls = [{ tool = "read_file", args = { path = "src/totals.js" } }]
//!
//! [[scene.turn]]
//! expect = "export function"         # the results of the calls before must match this, else status 500
//! calls = [{ tool = "submit_work", args = { summary = "Done." } }]
//!
//! [[scene]]                          # a scene of one turn may do without [[scene.turn]]
//! duty = "answer"
//! say = "It is a rate between 0 and 1."
//!
//! [[scene]]                          # a member that never stops: its turns are played round and round
//! duty = "analyze"
//! repeat = true
//! calls = [{ tool = "list_files", args = { path = "." } }]
//! "#)?;
//! # Ok::<(), squad_scripted::ScenarioError>(())
//! ```
//!
//! # Keys of a turn
//!
//! | key | meaning |
//! |---|---|
//! | `say` | text of the answer |
//! | `calls` | tool calls: `tool`, `args` (a table); longer ones are easier to read as `[[scene.turn.calls]]` |
//! | `delay_ms` | thinking time before the first byte, instead of the scene's or scenario's |
//! | `expect` | regular expression that the results of the preceding calls must match |
//! | `finish = "length"` | the answer says that it was cut at the output limit; `"content_filter"`: that a filter withheld it |
//! | `usage` | `{ input, cached, output }` in tokens, instead of the estimate; each optional |
//!
//! # Faults
//!
//! At most one of these per turn:
//!
//! | key | what the client sees |
//! |---|---|
//! | `status`, `retry_after`, `message` | this HTTP status in the provider's own error shape, with `Retry-After` in seconds, in these words |
//! | `truncate = true` | the body ends cleanly before the last piece, with no finish reason |
//! | `reset = true` | the connection breaks before the last piece, so in the middle of a tool call if there is one |
//! | `stall_ms` | the stream pauses this long before the last piece |
//! | `malformed_args` | this raw string instead of the first call's arguments |
//!
//! A fault happens every time, unless `times` says how often: then the turn's proper answer follows. This is the one
//! thing that a server remembers, counted per scene, turn and conversation (not per model, so that a fallback to
//! another model is counted on), and forgotten when it stops.
//!
//! # When something does not fit
//!
//! A request that no scene fits, and one past a scene's last turn, are answered with status 400; a failed `expect` with
//! status 500. The message names the assignment, scene and turn (see [`Complaint`]), and
//! [`Handle::complaints`](crate::Handle::complaints) lists them all.
//!
//! # Usage figures
//!
//! Four bytes of JSON count as one token, rounded up. A conversation that already holds an answer must have been sent before up
//! to that answer, so this prefix is reported as cached (in the Anthropic format as far as `cache_control` marks it).
//! That keeps the figures, too, a pure function of the request.

mod parse;
mod select;

use std::time::Duration;

use regex::Regex;
use serde_json::{Map, Value};

use crate::reply::Finish;

pub use parse::ScenarioError;
pub use select::Complaint;
pub(crate) use select::Pick;

/// A parsed scenario, made by [`Scenario::parse`].
#[derive(Debug, Clone)]
pub struct Scenario {
    pub(crate) chunk_pause: Duration,
    pub(crate) scenes: Vec<Scene>,
}

/// One lane's answers and the requests that they are for.
#[derive(Debug, Clone)]
pub(crate) struct Scene {
    pub(crate) name: String,
    pub(crate) fits: Selector,
    pub(crate) repeat: bool,
    pub(crate) turns: Vec<Turn>,
}

/// What a request must be like for a scene to answer it; `None` means whatever.
#[derive(Debug, Clone, Default)]
pub(crate) struct Selector {
    pub(crate) member: Option<String>,
    pub(crate) role: Option<String>,
    pub(crate) duty: Option<String>,
    /// The empty string means: the assignment must have no sub-task.
    pub(crate) subtask: Option<String>,
    pub(crate) round: Option<u32>,
    pub(crate) model: Option<String>,
    pub(crate) when: Option<Regex>,
}

/// One answer.
#[derive(Debug, Clone)]
pub(crate) struct Turn {
    pub(crate) say: Option<String>,
    pub(crate) calls: Vec<Call>,
    pub(crate) delay: Duration,
    pub(crate) expect: Option<Regex>,
    /// Why it says that it ends, where that is not the usual reason.
    pub(crate) finish: Option<Finish>,
    pub(crate) usage: UsageOverride,
    pub(crate) fault: Option<Fault>,
}

/// One tool call of an answer.
#[derive(Debug, Clone)]
pub(crate) struct Call {
    pub(crate) tool: String,
    pub(crate) args: Map<String, Value>,
}

/// Token counts that replace the estimate.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct UsageOverride {
    pub(crate) input: Option<u64>,
    pub(crate) cached: Option<u64>,
    pub(crate) output: Option<u64>,
}

/// Something that goes wrong on purpose.
#[derive(Debug, Clone)]
pub(crate) struct Fault {
    pub(crate) kind: FaultKind,
    /// Only the first so many times; `None` means always.
    pub(crate) times: Option<u32>,
}

#[derive(Debug, Clone)]
pub(crate) enum FaultKind {
    Status { status: u16, retry_after: Option<u64>, message: Option<String> },
    Truncate,
    Reset,
    Stall(Duration),
    MalformedArgs(String),
}

/// The text of the demonstration's scenario.
const DEMO: &str = include_str!("../../scenarios/demo.toml");

impl Scenario {
    /// Reads a scenario.
    ///
    /// # Errors
    ///
    /// If the text is not TOML, has a key that the format does not know, or says something that cannot be played. The
    /// error names the line and what to do.
    pub fn parse(text: &str) -> Result<Self, ScenarioError> {
        parse::parse(text)
    }

    /// The demonstration: five members fix a bug in the [sample project](crate::sample) and add a feature to it.
    pub fn demo() -> Self {
        Self::parse(DEMO).expect("the embedded scenario is parsed by a test")
    }

    /// The names of the scenes, in order. A scene without a `name` is called by its selectors, such as `work s1 round 2`.
    pub fn scene_names(&self) -> Vec<&str> {
        self.scenes.iter().map(|scene| scene.name.as_str()).collect()
    }

    /// The same scenario played as fast as possible: without thinking times, pauses and stalls.
    #[must_use]
    pub fn without_delays(mut self) -> Self {
        self.chunk_pause = Duration::ZERO;
        for turn in self.scenes.iter_mut().flat_map(|scene| &mut scene.turns) {
            turn.delay = Duration::ZERO;
            if let Some(Fault { kind: FaultKind::Stall(pause), .. }) = &mut turn.fault {
                *pause = Duration::ZERO;
            }
        }
        self
    }
}
