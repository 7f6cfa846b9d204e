//! What members and people say to each other, and what their answers change.

use super::apply::{ApplyError, unknown};
use super::{ExecutionState, QuestionState};
use crate::execution::guard::LoopPattern;
use crate::execution::{Event, Lane, SubtaskStage};
use crate::ids::{MemberName, QuestionId};
use crate::message::{Actor, AgentMessage, MessageKind, Recipient, quoted};
use crate::money::MicroUsd;
use crate::question::{Answer, Asked, Question, Subject};
use crate::tests_run::{CommandSource, TestCommand};

/// Questions that two members may ask each other before the loop guard looks.
const PING_PONG: u32 = 6;

impl ExecutionState {
    pub(super) fn deliver(&mut self, message: &AgentMessage) {
        self.messages.push(message.clone());
        // Answers reach their asker as the result of its call; the others are for people and for the record.
        let told = matches!(
            message.kind,
            MessageKind::StatusUpdate | MessageKind::StatusRequest | MessageKind::Standup
        );
        if !told {
            return;
        }
        let from = match &message.from {
            Actor::Person(name) => format!("{name}, the person you work for, says"),
            Actor::Member(name) => format!("{name} tells you"),
            Actor::Engine => "News of the squad".to_owned(),
        };
        let content = match &message.from {
            Actor::Person(_) => message.content.clone(),
            Actor::Member(_) | Actor::Engine => quoted(&message.content),
        };
        for lane in self.lanes.values_mut().filter(|lane| lane.is_open()) {
            let addressed = match &message.to {
                Recipient::Everyone => message.from != Actor::Member(lane.member.clone()),
                Recipient::Member(name) => name == &lane.member,
                Recipient::Person => false,
            };
            if addressed {
                lane.inbox.push(format!("{from}: {content}"));
            }
        }
    }

    pub(super) fn asked(&mut self, question: &Question, event: &Event) -> Result<(), ApplyError> {
        if let Some(lane) = question.lane() {
            let asker = {
                let lane = self.lane_mut(lane, event.seq)?;
                lane.waiting = Some(question.id.clone());
                lane.member.clone()
            };
            if let Asked::Member(other) = &question.to {
                let pair = if asker < *other { (asker, other.clone()) } else { (other.clone(), asker) };
                let count = self.exchanges.entry(pair).or_default();
                *count += 1;
                if count.is_multiple_of(PING_PONG) {
                    let evidence = format!("{count} questions between you and {other} so far");
                    self.lane_mut(lane, event.seq)?.guard.report(LoopPattern::PingPong, evidence);
                }
            }
        }
        let asked = QuestionState { question: question.clone(), asked_at: event.at, answer: None };
        self.questions.insert(question.id.clone(), asked);
        Ok(())
    }

    pub(super) fn answered(
        &mut self,
        id: &QuestionId,
        answer: &Answer,
        event: &Event,
    ) -> Result<(), ApplyError> {
        let asked = self.questions.get_mut(id).ok_or_else(|| unknown(event.seq, "question", id))?;
        if asked.answer.is_some() {
            return Ok(()); // The first answer counts; a second one from another window changes nothing.
        }
        asked.answer = Some((event.actor.clone(), answer.clone()));
        let question = asked.question.clone();
        if let Some(lane) = question.lane()
            && let Ok(lane) = self.lane_mut(lane, event.seq)
        {
            lane.waiting = None;
            match (&question.subject, answer) {
                (Subject::Tool { .. } | Subject::Stuck { .. }, Answer::Text { text }) => {
                    let who = event.actor.name();
                    lane.tool_finished(&format!("{who} answers: {text}"), false);
                }
                (Subject::Turns { limit, .. }, Answer::Retry { note }) => {
                    lane.granted += limit;
                    remark(lane, &event.actor, note);
                }
                (_, Answer::Retry { note }) => {
                    lane.guard.reset();
                    remark(lane, &event.actor, note);
                }
                _ => {}
            }
        }
        match (&question.subject, answer) {
            (Subject::PlanApproval { .. }, Answer::Approve { note }) => {
                self.plan_approved = true;
                self.remember_remark(&event.actor, note);
            }
            (Subject::PlanApproval { .. }, Answer::Reject { reason }) => {
                self.plan_rejected = Some(reason.clone());
                self.plan_settled = false;
                self.planning_round += 1;
            }
            (Subject::TestCommand, Answer::Text { text }) => {
                self.test_command =
                    Some(TestCommand { command: text.trim().to_owned(), source: CommandSource::Person });
            }
            (Subject::Budget { .. }, Answer::RaiseBudget { limit }) => {
                let whose = if let Actor::Member(name) = &question.from { Some(name) } else { None };
                self.set_budget(whose, *limit);
            }
            (Subject::ReviewRounds { subtask }, Answer::Approve { .. }) => match subtask {
                Some(id) => self.subtask_mut(id, event.seq)?.stage = SubtaskStage::Approved,
                None => self.whole.accepted = true,
            },
            (Subject::ReviewRounds { subtask: Some(id) }, Answer::Retry { note }) => {
                self.subtask_mut(id, event.seq)?.granted += 1;
                self.remember_remark(&event.actor, note);
            }
            (Subject::ReviewRounds { subtask: None } | Subject::TestRounds, Answer::Retry { note }) => {
                self.fixes_granted += 1;
                if question.subject == Subject::TestRounds {
                    self.stall_accepted = Some(self.fixes);
                }
                self.remember_remark(&event.actor, note);
            }
            _ => {}
        }
        Ok(())
    }

    /// The limit of one member within the execution, or of the execution.
    pub(super) fn set_budget(&mut self, whose: Option<&MemberName>, limit: MicroUsd) {
        match whose {
            Some(name) => {
                if let Some(member) = self.spec.squad.members.iter_mut().find(|member| &member.name == name) {
                    member.budget = Some(limit);
                }
            }
            None => self.spec.budget = Some(limit),
        }
    }

    /// A person's remark on the whole is told to whoever works from now on, as a message would be.
    pub(super) fn remember_remark(&mut self, actor: &Actor, note: &str) {
        if !note.trim().is_empty() {
            self.deliver(&AgentMessage {
                from: actor.clone(),
                to: Recipient::Everyone,
                kind: MessageKind::StatusUpdate,
                content: note.to_owned(),
            });
        }
    }
}

fn remark(lane: &mut Lane, actor: &Actor, note: &str) {
    if !note.trim().is_empty() {
        lane.inbox.push(format!("{}, the person you work for, says: {note}", actor.name()));
    }
}
