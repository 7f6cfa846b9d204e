//! Appending in memory: guards, what follows from the events, then the events themselves; all or nothing.

use super::money::path;
use super::{CallRow, Database, Money, Row, stored};
use squad_domain::Timestamp;
use squad_domain::execution::{Event, EventBody, NewEvent, Status};
use squad_domain::ids::{ExecutionId, LaneId, MemberName, QuestionId, StepKey};
use squad_domain::message::Actor;
use squad_domain::money::MicroUsd;
use squad_domain::question::{Answer, Question, Subject};
use squad_storage::{AppendError, BudgetScope, Guard, Memory, StorageError};
use std::collections::{BTreeMap, HashMap};

/// What a transaction would change; dropped where it is refused.
struct Draft<'a> {
    id: ExecutionId,
    row: &'a Row,
    budgets: HashMap<BudgetScope, Money>,
    status: Status,
    lanes: BTreeMap<LaneId, MemberName>,
    calls: BTreeMap<StepKey, CallRow>,
    asked: BTreeMap<QuestionId, Question>,
    answered: Vec<QuestionId>,
    memories: Vec<Memory>,
}

impl Database {
    pub(in crate::sim) fn append(
        &mut self,
        id: ExecutionId,
        guard: Guard,
        at: Timestamp,
        new: Vec<NewEvent>,
    ) -> Result<Vec<Event>, AppendError> {
        let missing = || StorageError::NotFound { what: format!("the execution `{id}`") };
        let row = self.rows.get(&id).ok_or_else(missing)?;
        if guard.fence.is_some_and(|fence| row.lease.is_none() || row.fence != fence) {
            return Err(AppendError::FenceLost);
        }
        if row.last_seq() != guard.expected_seq {
            return Err(AppendError::SeqConflict { actual: row.last_seq() });
        }
        if row.status.is_terminal() && !new.iter().all(|event| row.settles(&event.body)) {
            return Err(AppendError::Closed);
        }
        let at = stored(at);
        let events: Vec<Event> = (guard.expected_seq + 1..)
            .zip(new)
            .map(|(seq, NewEvent { actor, body })| Event { seq, at, actor, body })
            .collect();
        let mut draft = Draft {
            id,
            row,
            budgets: self.budgets.clone(),
            status: row.status,
            lanes: BTreeMap::new(),
            calls: BTreeMap::new(),
            asked: BTreeMap::new(),
            answered: Vec::new(),
            memories: Vec::new(),
        };
        for event in &events {
            draft.apply(event)?;
        }
        draft.finish();
        let Draft { budgets, status, lanes, calls, asked, answered, memories, .. } = draft;
        let row = self.rows.get_mut(&id).ok_or_else(missing)?;
        row.lanes.extend(lanes);
        row.calls.extend(calls);
        row.asked += asked.len() as u64;
        row.questions.extend(asked);
        row.questions.retain(|question, _| !answered.contains(question));
        if !events.is_empty() {
            row.status = status;
            row.runnable = !status.is_terminal();
        }
        row.events.extend(events.iter().cloned());
        let squad = row.spec.squad.id;
        self.budgets = budgets;
        self.memories.extend(memories.into_iter().map(|memory| (squad, memory)));
        Ok(events)
    }
}

impl Row {
    /// Whether the event settles a call that is under way: all that an ended execution takes.
    fn settles(&self, body: &EventBody) -> bool {
        match body {
            EventBody::ModelCallFinished { step, .. } | EventBody::ModelCallFailed { step, .. } => {
                self.calls.get(step).is_some_and(|call| call.running)
            }
            _ => false,
        }
    }
}

impl Draft<'_> {
    fn apply(&mut self, event: &Event) -> Result<(), AppendError> {
        match &event.body {
            EventBody::StateChanged { to, .. } => self.status = *to,
            EventBody::LaneOpened { lane, member, .. } => self.open(lane, member)?,
            EventBody::ModelCallStarted { step, lane, reserved, .. } => {
                self.reserve(step, lane, *reserved)?;
            }
            EventBody::ModelCallFinished { step, cost, .. }
            | EventBody::ModelCallFailed { step, cost, .. } => self.settle(step, *cost),
            EventBody::QuestionAsked { question } => {
                let known = question.number() <= u32::try_from(self.row.asked).unwrap_or(u32::MAX);
                if known || self.asked.insert(question.id.clone(), question.clone()).is_some() {
                    return Err(twice(question.id.as_str()));
                }
            }
            EventBody::QuestionAnswered { question, answer } => self.answer(question, answer),
            EventBody::BudgetSet { member, limit } => self.limit(member.clone(), *limit),
            EventBody::Remembered { lane, text, tags } => {
                let memory = Memory {
                    text: text.clone(),
                    tags: tags.clone(),
                    at: event.at,
                    execution: self.id,
                    member: self.member(lane)?,
                    repository: self.row.spec.repository.clone(),
                };
                self.memories.push(memory);
            }
            _ => {}
        }
        Ok(())
    }

    fn open(&mut self, lane: &LaneId, member: &MemberName) -> Result<(), AppendError> {
        let known = self.row.lanes.contains_key(lane);
        if known || self.lanes.insert(lane.clone(), member.clone()).is_some() {
            return Err(twice(lane.as_str()));
        }
        Ok(())
    }

    fn member(&self, lane: &LaneId) -> Result<MemberName, StorageError> {
        let known = self.lanes.get(lane).or_else(|| self.row.lanes.get(lane));
        known
            .cloned()
            .ok_or_else(|| StorageError::NotFound { what: format!("the lane `{lane}` of the execution") })
    }

    fn reserve(&mut self, step: &StepKey, lane: &LaneId, reserved: MicroUsd) -> Result<(), AppendError> {
        let member = self.member(lane)?;
        for scope in path(self.id, &self.row.spec, &member) {
            let budget = self.budgets.get_mut(&scope).filter(|_| reserved > MicroUsd::ZERO);
            let Some(budget) = budget else { continue };
            if !budget.fits(reserved) {
                return Err(AppendError::BudgetExceeded {
                    limit: budget.limit.unwrap_or_default(),
                    used: budget.used(),
                    needed: reserved,
                    step: step.clone(),
                    scope,
                });
            }
            budget.reserved += reserved;
        }
        let call = CallRow { member, reserved, running: true };
        if self.row.calls.contains_key(step) || self.calls.insert(step.clone(), call).is_some() {
            return Err(twice(step.as_str()));
        }
        Ok(())
    }

    fn settle(&mut self, step: &StepKey, cost: MicroUsd) {
        let known = self.calls.get(step).or_else(|| self.row.calls.get(step));
        let Some(call) = known.filter(|call| call.running).cloned() else { return };
        self.book(&call.member, call.reserved, cost);
        let settled = CallRow { reserved: MicroUsd::ZERO, running: false, ..call };
        self.calls.insert(step.clone(), settled);
    }

    fn book(&mut self, member: &MemberName, released: MicroUsd, spent: MicroUsd) {
        for scope in path(self.id, &self.row.spec, member) {
            if let Some(budget) = self.budgets.get_mut(&scope) {
                budget.book(released, spent);
            }
        }
    }

    /// The first answer counts.
    fn answer(&mut self, id: &QuestionId, answer: &Answer) {
        let open = self.asked.get(id).or_else(|| self.row.questions.get(id)).cloned();
        let Some(question) = open.filter(|_| !self.answered.contains(id)) else { return };
        self.answered.push(id.clone());
        if let (Subject::Budget { .. }, Answer::RaiseBudget { limit }) = (&question.subject, answer) {
            let whose = if let Actor::Member(name) = question.from { Some(name) } else { None };
            self.limit(whose, *limit);
        }
    }

    /// Of one member within the execution, or of the execution.
    fn limit(&mut self, whose: Option<MemberName>, limit: MicroUsd) {
        let scope = match whose {
            Some(name) => BudgetScope::Member(self.id, name),
            None => BudgetScope::Execution(self.id),
        };
        if let Some(budget) = self.budgets.get_mut(&scope) {
            budget.limit = Some(limit);
        }
    }

    /// What has ended holds nothing back.
    fn finish(&mut self) {
        if !self.status.is_terminal() {
            return;
        }
        let mut calls: BTreeMap<StepKey, CallRow> = self.row.calls.clone();
        calls.append(&mut self.calls);
        for (step, call) in calls {
            if call.running && call.reserved > MicroUsd::ZERO {
                self.book(&call.member, call.reserved, MicroUsd::ZERO);
                self.calls.insert(step, CallRow { reserved: MicroUsd::ZERO, ..call });
            } else {
                self.calls.insert(step, call);
            }
        }
    }
}

/// What a primary key says to a second row.
fn twice(key: &str) -> AppendError {
    AppendError::Storage(StorageError::Unreadable {
        what: format!("`{key}`"),
        why: "there is a row of this key already".to_owned(),
    })
}
