//! What the server was asked and what it answered, for tests to read.

use std::collections::VecDeque;

use serde_json::Value;

use crate::assignment::Assignment;
use crate::wire::WireFormat;

/// How many requests are kept; older ones are forgotten, so that a long load test stays small.
const KEPT: usize = 4096;

/// What became of a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// The turn was answered.
    Answered,
    /// The turn's fault struck.
    Fault,
    /// The scenario had no answer; the message says why.
    Complaint(String),
}

/// One request to a completions endpoint.
#[derive(Debug, Clone)]
pub struct RecordedRequest {
    /// The wire format that was spoken.
    pub wire: WireFormat,
    /// The model that was asked.
    pub model: String,
    /// Whether the client asked for a stream.
    pub streaming: bool,
    /// What the request was for.
    pub assignment: Assignment,
    /// The name of the scene that answered; `None` if none fitted.
    pub scene: Option<String>,
    /// The turn that was asked for, counted from 1.
    pub turn: usize,
    /// What became of it.
    pub outcome: Outcome,
    /// The request's JSON as it came. Headers are not kept, so no key is.
    pub body: Value,
}

#[derive(Debug, Default)]
pub(crate) struct RequestLog {
    kept: VecDeque<RecordedRequest>,
    total: usize,
}

impl RequestLog {
    pub(crate) fn add(&mut self, request: RecordedRequest) {
        if self.kept.len() == KEPT {
            self.kept.pop_front();
        }
        self.kept.push_back(request);
        self.total += 1;
    }

    pub(crate) fn all(&self) -> Vec<RecordedRequest> {
        self.kept.iter().cloned().collect()
    }

    pub(crate) fn total(&self) -> usize {
        self.total
    }
}
