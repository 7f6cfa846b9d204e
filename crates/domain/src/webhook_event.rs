//! What other systems are told of by webhooks. One list: the log announces by it, the API offers it, and
//! `docs/webhooks.md` is written from it.

use crate::execution::{EventBody, Status};
use crate::ids::{CommitId, ExecutionId, QuestionId, SquadId};
use crate::message::Actor;
use crate::question::{Question, Subject};
use serde::Serialize;
use std::fmt;
use uuid::Uuid;

/// Longest text of a message, in bytes: messages are news, not archives.
const LONGEST: usize = 2_000;

/// Something that other systems want to know.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum WebhookEvent {
    /// Somebody asked for an execution.
    ExecutionStarted,
    /// An execution waits for a person.
    ExecutionBlocked,
    /// A person is asked something that has no event of its own.
    QuestionAsked,
    /// A plan waits for a person's approval.
    PlanReady,
    /// A budget does not hold the next call.
    BudgetExceeded,
    /// The branch is where it belongs.
    BranchCreated,
    /// An execution is done.
    ExecutionCompleted,
    /// An execution ended without a result.
    ExecutionFailed,
    /// A person ended an execution.
    ExecutionCancelled,
}

impl WebhookEvent {
    /// All of them, in the order in which an execution causes them.
    pub const ALL: &[Self] = &[
        Self::ExecutionStarted,
        Self::ExecutionBlocked,
        Self::QuestionAsked,
        Self::PlanReady,
        Self::BudgetExceeded,
        Self::BranchCreated,
        Self::ExecutionCompleted,
        Self::ExecutionFailed,
        Self::ExecutionCancelled,
    ];

    /// `execution.started`: the name on the wire. Never changes its meaning.
    #[must_use]
    pub const fn slug(self) -> &'static str {
        match self {
            Self::ExecutionStarted => "execution.started",
            Self::ExecutionBlocked => "execution.blocked",
            Self::QuestionAsked => "execution.question_asked",
            Self::PlanReady => "execution.plan_ready",
            Self::BudgetExceeded => "execution.budget_exceeded",
            Self::BranchCreated => "delivery.branch_created",
            Self::ExecutionCompleted => "execution.completed",
            Self::ExecutionFailed => "execution.failed",
            Self::ExecutionCancelled => "execution.cancelled",
        }
    }

    /// What it means, for people.
    #[must_use]
    pub const fn description(self) -> &'static str {
        match self {
            Self::ExecutionStarted => "Somebody asked for an execution.",
            Self::ExecutionBlocked => "An execution can do nothing more until a person answers.",
            Self::QuestionAsked => {
                "A person is asked something; plans and budgets have events of their own, and come as those only."
            }
            Self::PlanReady => "A plan waits for a person's approval; `question` holds what is asked.",
            Self::BudgetExceeded => {
                "A budget does not hold the next call; `question` says which one, and what it would take."
            }
            Self::BranchCreated => "The branch is in the repository: `branch` is its name, `commit` its tip.",
            Self::ExecutionCompleted => {
                "An execution is done: its branch is delivered, and the tests were seen to pass."
            }
            Self::ExecutionFailed => "An execution ended without a result; `reason` says why.",
            Self::ExecutionCancelled => "A person ended an execution.",
        }
    }

    /// What an event of the log is to other systems; `None` for most. Each is one thing at most, so that nobody is told
    /// twice of the same.
    #[must_use]
    pub fn of(body: &EventBody) -> Option<Self> {
        match body {
            EventBody::ExecutionCreated { .. } => Some(Self::ExecutionStarted),
            EventBody::StateChanged { to, .. } => match to {
                Status::Blocked => Some(Self::ExecutionBlocked),
                Status::Completed => Some(Self::ExecutionCompleted),
                Status::Failed => Some(Self::ExecutionFailed),
                Status::Cancelled => Some(Self::ExecutionCancelled),
                _ => None,
            },
            EventBody::QuestionAsked { question } if question.waits_for_person() => match question.subject {
                Subject::PlanApproval { .. } => Some(Self::PlanReady),
                Subject::Budget { .. } => Some(Self::BudgetExceeded),
                _ => Some(Self::QuestionAsked),
            },
            EventBody::Delivered { .. } => Some(Self::BranchCreated),
            _ => None,
        }
    }

    /// A message such as it brings, for the documentation.
    #[must_use]
    pub fn example(self) -> WebhookData {
        let (status, reason, asks) = match self {
            Self::ExecutionStarted => (Status::Pending, "asked for", None),
            Self::ExecutionBlocked => (Status::Blocked, "waits for an answer to q1", None),
            Self::QuestionAsked => (
                Status::InProgress,
                "the sub-tasks have their members",
                Some("Shall an empty cart show 0 or nothing?"),
            ),
            Self::PlanReady => (Status::Planning, "the task is understood", Some("Is this plan good?")),
            Self::BudgetExceeded => (
                Status::InProgress,
                "the sub-tasks have their members",
                Some("The budget of this execution does not hold the next call of Bea. Raise it, or stop?"),
            ),
            Self::BranchCreated => (Status::Testing, "the whole was reviewed", None),
            Self::ExecutionCompleted => (Status::Completed, "the tests pass", None),
            Self::ExecutionFailed => (Status::Failed, "ada stopped it when asked q1", None),
            Self::ExecutionCancelled => (Status::Cancelled, "ada cancelled it", None),
        };
        let delivered = matches!(self, Self::BranchCreated | Self::ExecutionCompleted);
        let execution = ExecutionId(Uuid::from_u128(0x019a_8f00_0000_7000_8000_0000_9f3c_2a10));
        WebhookData {
            event_id: WebhookData::event_id(execution, 42),
            execution_id: execution,
            squad_id: SquadId(Uuid::from_u128(0x019a_8f00_0000_7000_8000_0000_0000_0001)),
            title: "Let the cart count".to_owned(),
            status,
            reason: reason.to_owned(),
            branch: delivered.then(|| "squad/let-the-cart-count-9f3c2a10".to_owned()),
            commit: (self == Self::BranchCreated).then(|| "5c1d0a3e9b7f4a6c8d2e1f0a9b8c7d6e5f4a3b2c".into()),
            question: asks.map(|text| WebhookQuestion {
                id: "q1".into(),
                from: Actor::Member("Bea".into()),
                text: text.to_owned(),
                options: Vec::new(),
            }),
        }
    }
}

impl fmt::Display for WebhookEvent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.slug())
    }
}

/// What a message says: enough to act on, or to know what to look up, and no secret.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct WebhookData {
    /// Which event of which log; the same whoever is told.
    pub event_id: String,
    /// The execution.
    pub execution_id: ExecutionId,
    /// Who works on it.
    pub squad_id: SquadId,
    /// What is wanted, in a line.
    pub title: String,
    /// Where it stands with this event.
    pub status: Status,
    /// Why it stands there.
    pub reason: String,
    /// Its branch, where it has one by now.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub branch: Option<String>,
    /// The tip of the branch, where this event delivers it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub commit: Option<CommitId>,
    /// What is asked, where this event asks.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub question: Option<WebhookQuestion>,
}

/// A question, as other systems are told of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct WebhookQuestion {
    /// Its id within the execution.
    pub id: QuestionId,
    /// Who asks.
    pub from: Actor,
    /// The words.
    pub text: String,
    /// Answers that the asker proposes.
    pub options: Vec<String>,
}

impl WebhookData {
    /// `<execution>:<seq>`.
    #[must_use]
    pub fn event_id(execution: ExecutionId, seq: u64) -> String {
        format!("{execution}:{seq}")
    }

    /// With what the event itself says, and with every text at a length that fits into a message.
    #[must_use]
    pub fn of(self, body: &EventBody) -> Self {
        let mut data = self;
        match body {
            EventBody::QuestionAsked { question } => data.question = Some(WebhookQuestion::of(question)),
            EventBody::Delivered { delivery } => data.commit = Some(delivery.commit.clone()),
            _ => {}
        }
        Self { title: short(&data.title), reason: short(&data.reason), ..data }
    }
}

impl WebhookQuestion {
    fn of(question: &Question) -> Self {
        Self {
            id: question.id.clone(),
            from: question.from.clone(),
            text: short(&question.text),
            options: question.options.iter().take(10).map(|option| short(option)).collect(),
        }
    }
}

/// The beginning of a text.
fn short(text: &str) -> String {
    if text.len() <= LONGEST {
        return text.to_owned();
    }
    format!("{}…", &text[..text.floor_char_boundary(LONGEST)])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::question::Asked;
    use std::collections::BTreeSet;
    use std::fmt::Write as _;

    fn question(to: Asked, subject: Subject) -> EventBody {
        let (id, from, options) = ("q1".into(), Actor::Engine, vec![]);
        EventBody::QuestionAsked {
            question: Question { id, from, to, subject, text: "ä".repeat(2_000), options },
        }
    }

    #[test]
    fn an_event_of_the_log_is_one_thing_at_most() {
        let change = |to| EventBody::StateChanged { from: Status::Testing, to, reason: "so".into() };
        let told: Vec<_> = Status::ALL.iter().filter_map(|to| WebhookEvent::of(&change(*to))).collect();
        assert_eq!(
            told,
            [
                WebhookEvent::ExecutionBlocked,
                WebhookEvent::ExecutionCompleted,
                WebhookEvent::ExecutionFailed,
                WebhookEvent::ExecutionCancelled,
            ]
        );
        let plan = Subject::PlanApproval { version: 1 };
        assert_eq!(WebhookEvent::of(&question(Asked::Person, plan.clone())), Some(WebhookEvent::PlanReady));
        assert_eq!(
            WebhookEvent::of(&question(Asked::Person, Subject::Analysis)),
            Some(WebhookEvent::QuestionAsked)
        );
        assert_eq!(
            WebhookEvent::of(&question(Asked::Member("Bea".into()), plan)),
            None,
            "it is the squad's own business"
        );
        assert_eq!(WebhookEvent::of(&EventBody::Paused {}), None);
    }

    #[test]
    fn a_message_stays_small() {
        let asked = question(Asked::Person, Subject::Analysis);
        let data =
            WebhookData { title: "x".repeat(9_000), ..WebhookEvent::ExecutionStarted.example() }.of(&asked);
        assert!(data.title.len() < 2_010, "{}", data.title.len());
        assert_eq!(data.question.unwrap().text.chars().count(), 1_001);
    }

    /// The page for people is this list. Written anew with `SQUAD_WRITE_DOCS=1`.
    #[test]
    fn the_page_says_what_the_list_says() {
        let names: BTreeSet<_> = WebhookEvent::ALL.iter().map(|event| event.slug()).collect();
        assert_eq!(names.len(), WebhookEvent::ALL.len());
        let mut page = "# Webhooks\n\nWhat other systems are told of. Written from `crates/domain/src/webhook_event.rs` by\n\
                        `SQUAD_WRITE_DOCS=1 cargo test -p squad-domain webhook_event`; change it there.\n\n\
                        | event | what it means |\n|---|---|\n"
            .to_owned();
        for event in WebhookEvent::ALL {
            writeln!(page, "| `{event}` | {} |", event.description()).unwrap();
        }
        page.push_str(
            "\nA message is `{\"type\", \"timestamp\", \"data\"}`, signed as the Standard Webhooks specification says (headers `webhook-id`, \
             `webhook-timestamp`,\n`webhook-signature`). It may come more than once, and not in order: `webhook-id` is the same each time, \
             and `data.event_id` tells the place in the log\nof the execution. A test sends a `ping`. Fields are only ever added. \
             For example, the `data` of `execution.question_asked`:\n\n```json\n",
        );
        page.push_str(&serde_json::to_string_pretty(&WebhookEvent::QuestionAsked.example()).unwrap());
        page.push_str("\n```\n");
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/webhooks.md");
        if std::env::var_os("SQUAD_WRITE_DOCS").is_some() {
            std::fs::write(path, &page).unwrap();
        }
        assert_eq!(
            std::fs::read_to_string(path).unwrap_or_default(),
            page,
            "write it anew with SQUAD_WRITE_DOCS=1"
        );
    }
}
