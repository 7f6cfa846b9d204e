//! Tool calls whose outcome is the log itself.

use super::{called_for_person, message};
use squad_agents::tools::Control;
use squad_domain::execution::{EventBody, ExecutionState, Lane, NewEvent};
use squad_domain::ids::{MemberName, StepKey};
use squad_domain::message::{Actor, MessageKind, Recipient};
use squad_domain::question::{Asked, Question, Subject};
use squad_domain::review::{Review, ReviewVerdict};

/// The events that the call becomes. Handing over work and test reports needs git, and is performed as a step instead.
pub(crate) fn control(
    state: &ExecutionState,
    lane: &Lane,
    step: &StepKey,
    tool: &str,
    control: Control,
) -> Vec<NewEvent> {
    let call = Call { state, lane, step, tool };
    match control {
        Control::Remember { text, tags } => vec![
            call.own(EventBody::Remembered { lane: lane.id.clone(), text, tags }),
            call.finished("Remembered.", false),
        ],
        Control::SendMessage { to, content } => call.send(to, content),
        Control::AskTeammate { to, question } => call.ask_teammate(to, question),
        Control::AskHuman { question, options } => {
            let subject = Subject::Tool { lane: lane.id.clone(), step: step.clone() };
            call.ask_person(subject, question, options)
        }
        Control::ReportBlocked { reason } => {
            let subject = Subject::Stuck { lane: lane.id.clone(), step: step.clone() };
            call.ask_person(subject, reason, Vec::new())
        }
        Control::SubmitAnalysis(analysis) => {
            vec![call.own(EventBody::AnalysisSubmitted { lane: lane.id.clone(), analysis })]
        }
        Control::SubmitPlan(plan) => {
            let version = state.plan_version + 1;
            vec![call.own(EventBody::PlanSubmitted { lane: lane.id.clone(), version, plan })]
        }
        Control::SubmitReview(review) => call.review(review),
        // Performed as steps; `perform::tool` never hands them over to here.
        Control::SubmitWork { .. } | Control::SubmitTestReport(_) => Vec::new(),
    }
}

struct Call<'a> {
    state: &'a ExecutionState,
    lane: &'a Lane,
    step: &'a StepKey,
    tool: &'a str,
}

impl Call<'_> {
    fn own(&self, body: EventBody) -> NewEvent {
        NewEvent::member(&self.lane.member, body)
    }

    fn finished(&self, content: &str, is_error: bool) -> NewEvent {
        self.own(EventBody::ToolFinished {
            step: self.step.clone(),
            lane: self.lane.id.clone(),
            tool: self.tool.to_owned(),
            content: content.to_owned(),
            is_error,
            tree: None,
            duration_ms: 0,
        })
    }

    fn send(&self, to: Recipient, content: String) -> Vec<NewEvent> {
        let from = Actor::Member(self.lane.member.clone());
        vec![message(from, to, MessageKind::StatusUpdate, content), self.finished("Sent.", false)]
    }

    fn ask_teammate(&self, member: MemberName, text: String) -> Vec<NewEvent> {
        let from = Actor::Member(self.lane.member.clone());
        let question = Question {
            id: self.state.next_question(),
            from: from.clone(),
            to: Asked::Member(member.clone()),
            subject: Subject::Tool { lane: self.lane.id.clone(), step: self.step.clone() },
            text: text.clone(),
            options: Vec::new(),
        };
        vec![
            message(from, Recipient::Member(member), MessageKind::Question, text),
            self.own(EventBody::QuestionAsked { question }),
        ]
    }

    fn ask_person(&self, subject: Subject, text: String, options: Vec<String>) -> Vec<NewEvent> {
        let question = Question {
            id: self.state.next_question(),
            from: Actor::Member(self.lane.member.clone()),
            to: Asked::Person,
            subject,
            text,
            options,
        };
        vec![called_for_person(&question), self.own(EventBody::QuestionAsked { question })]
    }

    fn review(&self, review: Review) -> Vec<NewEvent> {
        let subtask = self.lane.subtask.as_ref().and_then(|id| self.state.subtask(id));
        let reviewed = match subtask {
            Some(subtask) => subtask.commit.clone(),
            None => self.state.head.clone(),
        };
        let to = subtask
            .and_then(|subtask| subtask.assignee.clone())
            .map_or(Recipient::Everyone, Recipient::Member);
        let verdict = match review.verdict {
            ReviewVerdict::Approve => "Approved".to_owned(),
            ReviewVerdict::RequestChanges => match review.comments.len() {
                0 => "Changes requested".to_owned(),
                1 => "Changes requested on 1 line".to_owned(),
                n => format!("Changes requested on {n} lines"),
            },
        };
        let content = format!("{verdict}. {}", review.summary);
        vec![
            message(Actor::Member(self.lane.member.clone()), to, MessageKind::CodeReviewResponse, content),
            self.own(EventBody::ReviewSubmitted {
                lane: self.lane.id.clone(),
                subtask: self.lane.subtask.clone(),
                commit: reviewed.unwrap_or_else(|| self.lane.base.clone()),
                review,
            }),
        ]
    }
}
