//! How members work together: what their words to each other become in the log. Pure: state in, events out.

mod answer;
mod control;
mod fix;
mod standup;

pub(crate) use answer::{answered, called_for_person};
pub(crate) use control::control;
pub(crate) use fix::fix;
pub(crate) use standup::standup;

use crate::delegation::Assignment;
use squad_domain::execution::{EventBody, ExecutionState, NewEvent};
use squad_domain::ids::{MemberName, SubtaskId};
use squad_domain::message::{Actor, AgentMessage, MessageKind, Recipient};

/// A message as an event of whoever says it.
pub(crate) fn message(from: Actor, to: Recipient, kind: MessageKind, content: String) -> NewEvent {
    let message = AgentMessage { from: from.clone(), to, kind, content };
    NewEvent { actor: from, body: EventBody::MessageSent { message } }
}

/// An assignment, and the word to the member.
pub(crate) fn assigned(state: &ExecutionState, assignment: &Assignment) -> Vec<NewEvent> {
    let title = title_of(state, &assignment.subtask).unwrap_or_default();
    let content =
        format!("{}: {title}. Yours because you {}.", assignment.subtask, because(&assignment.reasons));
    vec![
        NewEvent::engine(EventBody::SubtaskAssigned {
            subtask: assignment.subtask.clone(),
            member: assignment.member.clone(),
            score: assignment.score,
            reasons: assignment.reasons.clone(),
        }),
        message(
            Actor::Engine,
            Recipient::Member(assignment.member.clone()),
            MessageKind::TaskAssignment,
            content,
        ),
    ]
}

fn because(reasons: &[String]) -> String {
    let first = reasons.first().map_or("fit best", String::as_str);
    let words = first.split(" (+").next().unwrap_or(first);
    if words.starts_with("is ") { words.replacen("is ", "are ", 1) } else { format!("are the {words}") }
}

fn title_of(state: &ExecutionState, id: &SubtaskId) -> Option<String> {
    let planned = || state.plan.as_ref()?.subtasks.iter().find(|subtask| subtask.id == *id);
    state.subtask(id).map(|subtask| &subtask.spec).or_else(planned).map(|subtask| subtask.title.clone())
}

/// A finished sub-task is news for who leads.
pub(crate) fn completed(
    state: &ExecutionState,
    member: &MemberName,
    subtask: &SubtaskId,
    summary: &str,
) -> NewEvent {
    let title = title_of(state, subtask).unwrap_or_default();
    let content = format!("{subtask}: {title}. {summary}");
    message(Actor::Member(member.clone()), Recipient::Everyone, MessageKind::TaskCompletion, content)
}
