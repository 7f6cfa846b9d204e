//! What people do to an execution, at any time: each input is an event, appended by whoever they speak to.

use squad_domain::execution::{EventBody, ExecutionState, NewEvent, Status};
use squad_domain::ids::{MemberName, QuestionId};
use squad_domain::message::{Actor, AgentMessage, MessageKind, Recipient};
use squad_domain::model::ModelRef;
use squad_domain::money::MicroUsd;
use squad_domain::question::{Answer, Question, Subject};

use crate::EngineError;

/// What a person does.
#[derive(Debug, Clone, PartialEq)]
pub enum Input {
    /// Answers a question.
    Answer {
        /// Which.
        question: QuestionId,
        /// How.
        answer: Answer,
    },
    /// Says something to a member, by name or role, or to everyone.
    Message {
        /// To whom; `None`: everyone.
        to: Option<String>,
        /// What.
        content: String,
    },
    /// Pauses.
    Pause,
    /// Lets it go on.
    Resume,
    /// Ends it.
    Cancel {
        /// Why.
        reason: String,
    },
    /// Sets a budget, up or down. A question that waits for just this one is answered with it.
    SetBudget {
        /// Whose; `None`: the execution's.
        member: Option<String>,
        /// The whole new limit.
        limit: MicroUsd,
    },
    /// Changes a model. A question that no model answered is answered with it.
    SwapModel {
        /// Whose; `None`: everybody's.
        member: Option<String>,
        /// The new one.
        model: ModelRef,
    },
}

impl Input {
    /// The events that the input becomes, given where the execution stands. None: it changes nothing.
    ///
    /// # Errors
    /// Where it does not fit, with what would.
    pub(crate) fn events(
        &self,
        state: &ExecutionState,
        id: squad_domain::ids::ExecutionId,
        person: &str,
    ) -> Result<Vec<NewEvent>, EngineError> {
        if state.status.is_terminal() {
            return Err(EngineError::Ended { id, status: state.status.slug() });
        }
        let member = |name: &str| -> Result<MemberName, EngineError> {
            let squad = &state.spec.squad;
            squad.find(name, None).map(|member| member.name.clone()).ok_or_else(|| {
                EngineError::NoSuchMember {
                    name: name.to_owned(),
                    members: squad
                        .members
                        .iter()
                        .map(|member| member.name.to_string())
                        .collect::<Vec<_>>()
                        .join(", "),
                }
            })
        };
        let body = match self {
            Self::Answer { question, answer } => {
                let asked = state.open_questions().find(|asked| asked.id == *question).ok_or_else(|| {
                    let open: Vec<String> =
                        state.open_questions().map(|asked| asked.id.to_string()).collect();
                    EngineError::NoSuchQuestion {
                        id,
                        question: question.to_string(),
                        open: if open.is_empty() { "none".to_owned() } else { open.join(", ") },
                    }
                })?;
                asked.accepts(answer)?;
                EventBody::QuestionAnswered { question: question.clone(), answer: answer.clone() }
            }
            Self::Message { to, content } => {
                let everyone = to.as_deref().is_none_or(|to| to.eq_ignore_ascii_case("everyone"));
                let to = match to {
                    Some(name) if !everyone => Recipient::Member(member(name)?),
                    _ => Recipient::Everyone,
                };
                let message = AgentMessage {
                    from: Actor::Person(person.to_owned()),
                    to,
                    kind: MessageKind::StatusUpdate,
                    content: content.clone(),
                };
                EventBody::MessageSent { message }
            }
            Self::Pause if state.paused => return Ok(Vec::new()),
            Self::Pause => EventBody::Paused {},
            Self::Resume if !state.paused => return Ok(Vec::new()),
            Self::Resume => EventBody::Resumed {},
            Self::Cancel { reason } => {
                EventBody::StateChanged { from: state.status, to: Status::Cancelled, reason: reason.clone() }
            }
            Self::SetBudget { member: name, limit } => {
                let member = name.as_deref().map(member).transpose()?;
                let waiting = state.open_questions().find(|asked| waits_for(state, asked, member.as_ref()));
                let retries: Vec<_> = waiting.map(retry).into_iter().collect();
                let set = EventBody::BudgetSet { member, limit: *limit };
                let events = std::iter::once(set).chain(retries);
                return Ok(events.map(|body| NewEvent::person(person, body)).collect());
            }
            Self::SwapModel { member: name, model } => {
                let member = name.as_deref().map(member).transpose()?;
                let unanswered = state.open_questions().filter(|asked| {
                    let lane = match &asked.subject {
                        Subject::Model { lane } => state.lanes.get(lane),
                        _ => None,
                    };
                    lane.is_some_and(|lane| member.as_ref().is_none_or(|member| lane.member == *member))
                });
                let retries = unanswered.map(retry).collect::<Vec<_>>();
                let swapped = EventBody::ModelSwapped { member: member.clone(), model: model.clone() };
                let events = std::iter::once(swapped).chain(retries);
                return Ok(events.map(|body| NewEvent::person(person, body)).collect());
            }
        };
        Ok(vec![NewEvent::person(person, body)])
    }
}

/// What the question waited for is there.
fn retry(question: &Question) -> EventBody {
    EventBody::QuestionAnswered {
        question: question.id.clone(),
        answer: Answer::Retry { note: String::new() },
    }
}

/// Whether the question is about the budget of that member, or of the execution.
fn waits_for(state: &ExecutionState, question: &Question, member: Option<&MemberName>) -> bool {
    match (&question.subject, &question.from, member) {
        (Subject::Budget { .. }, Actor::Member(from), Some(name)) => from == name,
        (Subject::Budget { limit, .. }, Actor::Engine, None) => Some(*limit) == state.spec.budget,
        _ => false,
    }
}
