//! What is asked of a model and what comes back, in no provider's format.

use serde::{Deserialize, Serialize};
use squad_domain::conversation::{Message, Reply, ToolSpec};
use squad_domain::model::Usage;
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// One turn to ask for.
///
/// The stable part comes first on the wire (tools, then system, then the conversation), so that providers can serve it
/// from their prompt cache.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct ModelRequest {
    /// The system prompt: stable for a member, so that it is cached.
    pub system: String,
    /// The conversation, oldest first. Ends with what the model has to answer.
    pub messages: Vec<Message>,
    /// The tools offered. Empty: the model can only talk, and earlier tool calls are shown to it as text.
    pub tools: Vec<ToolSpec>,
    /// The most output tokens to pay for, reasoning among them. Lowered to the model's own limit.
    pub max_output_tokens: u32,
}

/// Why the model stopped.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FinishReason {
    /// It had said what it wanted to say.
    Stop,
    /// It called tools.
    ToolCalls,
    /// It reached the most tokens allowed; the last tool call may be cut and then holds its raw arguments.
    Length,
    /// The provider withheld the answer.
    ContentFilter,
    /// Something else, in the provider's own word.
    Other(String),
}

/// One provider's answer to one request.
#[derive(Debug, Clone, PartialEq)]
pub struct ProviderCompletion {
    /// What the model said; its reasoning is left out.
    pub reply: Reply,
    /// What the call used.
    pub usage: Usage,
    /// Whether `usage` is our estimate, because the provider told none.
    pub usage_estimated: bool,
    /// Why it stopped.
    pub finish: FinishReason,
    /// Milliseconds from the request to the first sign of the answer; `None` where it came in one piece.
    pub first_token_ms: Option<u64>,
}

/// A piece of a reply while it is being said.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Delta<'a> {
    /// More words.
    Text(&'a str),
    /// The attempt failed: forget all words so far, another attempt starts over.
    Restart,
}

/// Takes a reply's pieces as they arrive, to show them to watchers. They are never stored: the reply replaces them.
#[derive(Clone, Default)]
pub struct DeltaSink(Option<Arc<DeltaFn>>);

type DeltaFn = dyn Fn(Delta<'_>) + Send + Sync;

impl DeltaSink {
    /// Hands every piece to `take`, which must return at once.
    pub fn new(take: impl Fn(Delta<'_>) + Send + Sync + 'static) -> Self {
        Self(Some(Arc::new(take)))
    }

    /// Nobody watches.
    #[must_use]
    pub fn none() -> Self {
        Self(None)
    }

    /// Hands over more words.
    pub fn text(&self, text: &str) {
        if let Some(take) = &self.0
            && !text.is_empty()
        {
            take(Delta::Text(text));
        }
    }

    /// Says that the words so far are void.
    pub fn restart(&self) {
        if let Some(take) = &self.0 {
            take(Delta::Restart);
        }
    }

    /// The same sink for one attempt, with the bytes of the words it has been given.
    pub(crate) fn attempt(&self) -> (Self, Arc<AtomicUsize>) {
        let heard = Arc::new(AtomicUsize::new(0));
        let (sink, count) = (self.clone(), Arc::clone(&heard));
        let attempt = Self::new(move |delta| {
            if let Delta::Text(text) = delta {
                count.fetch_add(text.len(), Ordering::Relaxed);
            }
            if let Some(take) = &sink.0 {
                take(delta);
            }
        });
        (attempt, heard)
    }
}

impl fmt::Debug for DeltaSink {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.0.is_some() { "DeltaSink(watched)" } else { "DeltaSink(none)" })
    }
}
