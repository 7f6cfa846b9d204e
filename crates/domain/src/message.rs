//! What members and people say to each other.

use crate::ids::MemberName;
use serde::{Deserialize, Serialize};
use std::fmt;

/// Who did something.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub enum Actor {
    /// The engine itself.
    Engine,
    /// A member of the squad.
    Member(MemberName),
    /// A person, by name.
    Person(String),
}

impl Actor {
    /// How people read it: the name alone.
    #[must_use]
    pub fn name(&self) -> &str {
        match self {
            Self::Engine => "engine",
            Self::Member(name) => name.as_str(),
            Self::Person(name) => name,
        }
    }
}

/// `engine`, `member:Bea`, `person:ada`.
impl fmt::Display for Actor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Engine => f.write_str("engine"),
            Self::Member(name) => write!(f, "member:{name}"),
            Self::Person(name) => write!(f, "person:{name}"),
        }
    }
}

impl From<Actor> for String {
    fn from(actor: Actor) -> Self {
        actor.to_string()
    }
}

/// A text that names no actor.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is no actor; expected `engine`, `member:<name>` or `person:<name>`")]
pub struct ParseActorError(String);

impl TryFrom<String> for Actor {
    type Error = ParseActorError;
    fn try_from(text: String) -> Result<Self, Self::Error> {
        match text.split_once(':') {
            None if text == "engine" => Ok(Self::Engine),
            Some(("member", name)) => Ok(Self::Member(name.into())),
            Some(("person", name)) => Ok(Self::Person(name.to_owned())),
            _ => Err(ParseActorError(text)),
        }
    }
}

/// To whom a message goes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Recipient {
    /// Everybody in the squad.
    Everyone,
    /// One member.
    Member(MemberName),
    /// The person who watches.
    Person,
}

impl Recipient {
    /// `everyone`, `member:Bea`, `person`: how the database and the wire have it.
    #[must_use]
    pub fn address(&self) -> String {
        match self {
            Self::Everyone => "everyone".to_owned(),
            Self::Member(name) => format!("member:{name}"),
            Self::Person => "person".to_owned(),
        }
    }

    /// The one with that address.
    #[must_use]
    pub fn from_address(address: &str) -> Option<Self> {
        match address.split_once(':') {
            None if address == "everyone" => Some(Self::Everyone),
            None if address == "person" => Some(Self::Person),
            Some(("member", name)) => Some(Self::Member(name.into())),
            _ => None,
        }
    }
}

impl fmt::Display for Recipient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Everyone => "everyone",
            Self::Member(name) => name.as_str(),
            Self::Person => "you",
        })
    }
}

/// What a message is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MessageKind {
    /// Work given to a member, with the reasons.
    TaskAssignment,
    /// "How far are you?"
    StatusRequest,
    /// News.
    StatusUpdate,
    /// A question.
    Question,
    /// Its answer.
    Answer,
    /// A person is needed.
    HumanInterventionRequired,
    /// A diff waits for a reviewer.
    CodeReviewRequest,
    /// The verdict.
    CodeReviewResponse,
    /// A sub-task is done.
    TaskCompletion,
    /// Who did what, who does what, who waits for what.
    Standup,
}

impl MessageKind {
    /// All of them.
    pub const ALL: &[Self] = &[
        Self::TaskAssignment,
        Self::StatusRequest,
        Self::StatusUpdate,
        Self::Question,
        Self::Answer,
        Self::HumanInterventionRequired,
        Self::CodeReviewRequest,
        Self::CodeReviewResponse,
        Self::TaskCompletion,
        Self::Standup,
    ];

    /// `status_update`: the name in the database and on the wire.
    #[must_use]
    pub const fn slug(self) -> &'static str {
        match self {
            Self::TaskAssignment => "task_assignment",
            Self::StatusRequest => "status_request",
            Self::StatusUpdate => "status_update",
            Self::Question => "question",
            Self::Answer => "answer",
            Self::HumanInterventionRequired => "human_intervention_required",
            Self::CodeReviewRequest => "code_review_request",
            Self::CodeReviewResponse => "code_review_response",
            Self::TaskCompletion => "task_completion",
            Self::Standup => "standup",
        }
    }
}

/// A message.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AgentMessage {
    /// Who says it.
    pub from: Actor,
    /// To whom.
    pub to: Recipient,
    /// What it is.
    pub kind: MessageKind,
    /// The words.
    pub content: String,
}

/// Words of somebody who is not trusted, for a conversation in which others speak, too: no further line of them can look
/// like the beginning of somebody else's.
#[must_use]
pub fn quoted(words: &str) -> String {
    let breaks = ['\n', '\r', '\u{b}', '\u{c}', '\u{85}', '\u{2028}', '\u{2029}'];
    words.trim().split(breaks).collect::<Vec<_>>().join("\n> ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kinds_are_called_alike_everywhere() {
        for kind in MessageKind::ALL {
            assert_eq!(serde_json::to_value(kind).unwrap(), kind.slug());
        }
    }

    #[test]
    fn an_address_leads_to_whom_it_names() {
        for recipient in [Recipient::Everyone, Recipient::Person, Recipient::Member("Bea: the first".into())]
        {
            assert_eq!(Recipient::from_address(&recipient.address()), Some(recipient));
        }
        assert_eq!(Recipient::from_address("Bea"), None);
    }
}
