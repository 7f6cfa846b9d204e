//! Problem solving: a question to a teammate opens a lane; plain words in that lane are the answer.

use super::message;
use squad_domain::conversation::Reply;
use squad_domain::duty::Duty;
use squad_domain::execution::{EventBody, Lane, NewEvent};
use squad_domain::message::{Actor, MessageKind, Recipient};
use squad_domain::question::{Answer, Question};

/// What ends an answering lane: the answer, for the asker and for the record.
pub(crate) fn answered(lane: &Lane, question: &Question, reply: &Reply) -> Vec<NewEvent> {
    let text = reply.text.trim();
    if lane.duty != Duty::Answer || !reply.calls.is_empty() || text.is_empty() {
        return Vec::new();
    }
    let asker = match &question.from {
        Actor::Member(name) => Recipient::Member(name.clone()),
        Actor::Engine => Recipient::Everyone,
        Actor::Person(_) => Recipient::Person,
    };
    vec![
        message(Actor::Member(lane.member.clone()), asker, MessageKind::Answer, text.to_owned()),
        NewEvent::member(
            &lane.member,
            EventBody::QuestionAnswered {
                question: question.id.clone(),
                answer: Answer::Text { text: text.to_owned() },
            },
        ),
        NewEvent::engine(EventBody::LaneClosed { lane: lane.id.clone(), reason: "answered".to_owned() }),
    ]
}

/// A question to a person is a call for them in the conversation of the squad, too.
pub(crate) fn called_for_person(question: &Question) -> NewEvent {
    let content = format!("{} {}", question.id, question.text);
    message(question.from.clone(), Recipient::Person, MessageKind::HumanInterventionRequired, content)
}
