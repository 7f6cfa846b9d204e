//! What both wire formats' requests have in common, and all that a scenario may look at.

use sha2::{Digest, Sha256};

use crate::assignment::Assignment;
use crate::usage::Weight;

/// Who speaks in a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Speaker {
    System,
    User,
    Assistant,
    Tool,
}

/// One message. In the Anthropic format a user's message may carry tool results besides its text.
#[derive(Debug, Clone)]
pub(crate) struct Message {
    pub(crate) speaker: Speaker,
    pub(crate) text: String,
    pub(crate) tool_results: Vec<String>,
}

/// A request, freed from its wire format.
#[derive(Debug, Clone)]
pub(crate) struct Conversation {
    pub(crate) model: String,
    pub(crate) streaming: bool,
    /// Whether the client wants the usage in a stream (the OpenAI format sends it only then).
    pub(crate) usage_in_stream: bool,
    pub(crate) weight: Weight,
    pub(crate) messages: Vec<Message>,
}

impl Conversation {
    /// The assignment named in the first user message that has one.
    pub(crate) fn assignment(&self) -> Assignment {
        self.messages
            .iter()
            .filter(|message| message.speaker == Speaker::User)
            .find_map(|message| Assignment::find(&message.text))
            .unwrap_or_default()
    }

    /// How many answers this conversation already holds, which is the index of the turn to play.
    pub(crate) fn answers_so_far(&self) -> usize {
        self.messages.iter().filter(|message| message.speaker == Speaker::Assistant).count()
    }

    /// The results of the calls that the last answer made, joined by line breaks; `None` if there are none.
    pub(crate) fn latest_tool_results(&self) -> Option<String> {
        let since = self.messages.iter().rposition(|message| message.speaker == Speaker::Assistant)?;
        let results: Vec<&str> = self.messages[since..]
            .iter()
            .flat_map(|message| &message.tool_results)
            .map(String::as_str)
            .collect();
        (!results.is_empty()).then(|| results.join("\n"))
    }

    /// Everything said so far except the system prompt, for a scene's `when`.
    pub(crate) fn transcript(&self) -> String {
        let mut whole = String::new();
        for message in self.messages.iter().filter(|message| message.speaker != Speaker::System) {
            for part in std::iter::once(&message.text).chain(&message.tool_results) {
                whole.push_str(part);
                whole.push('\n');
            }
        }
        whole
    }

    /// A key that is the same for the same conversation, whatever the model or process.
    pub(crate) fn key(&self) -> String {
        let mut hash = Sha256::new();
        for message in &self.messages {
            hash.update([message.speaker as u8]);
            for part in std::iter::once(&message.text).chain(&message.tool_results) {
                hash.update((part.len() as u64).to_le_bytes());
                hash.update(part);
            }
        }
        hex::encode(&hash.finalize()[..12])
    }
}
