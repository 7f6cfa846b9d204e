//! What people do to an execution, at any time: each input is an event, appended by whoever they speak to.

use squad_domain::execution::{EventBody, ExecutionState, NewEvent, Status};
use squad_domain::ids::{MemberName, QuestionId};
use squad_domain::message::{Actor, AgentMessage, MessageKind, Recipient};
use squad_domain::model::ModelRef;
use squad_domain::question::Answer;

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
    /// Changes a model.
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
            Self::SwapModel { member: name, model } => {
                let member = name.as_deref().map(member).transpose()?;
                EventBody::ModelSwapped { member, model: model.clone() }
            }
        };
        Ok(vec![NewEvent::person(person, body)])
    }
}
