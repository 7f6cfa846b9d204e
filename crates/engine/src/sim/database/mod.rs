//! A database in memory that answers as the real one does: the model that `conformance` holds against SQLite.
//!
//! Only what the engine asks of its store is here. Nothing waits and nothing fails: that is added by `process`.

mod append;
mod lease;
mod money;

pub(super) use money::{Money, path};

use squad_domain::Timestamp;
use squad_domain::execution::{Event, EventBody, ExecutionSpec, Status};
use squad_domain::ids::{ExecutionId, LaneId, MemberName, QuestionId, SquadId, StepKey};
use squad_domain::message::Actor;
use squad_domain::money::MicroUsd;
use squad_domain::question::Question;
use squad_storage::{BudgetScope, Memory, StorageError};
use std::collections::{BTreeMap, HashMap};

/// A model call as the database knows it.
#[derive(Debug, Clone)]
pub(super) struct CallRow {
    pub(super) member: MemberName,
    pub(super) reserved: MicroUsd,
    pub(super) running: bool,
}

/// One execution.
#[derive(Debug)]
pub(super) struct Row {
    pub(super) spec: ExecutionSpec,
    pub(super) events: Vec<Event>,
    pub(super) status: Status,
    pub(super) runnable: bool,
    pub(super) served_at: Timestamp,
    pub(super) lease: Option<(String, Timestamp)>,
    pub(super) fence: u64,
    pub(super) lanes: BTreeMap<LaneId, MemberName>,
    pub(super) calls: BTreeMap<StepKey, CallRow>,
    /// The open ones.
    pub(super) questions: BTreeMap<QuestionId, Question>,
    pub(super) asked: u64,
}

impl Row {
    pub(super) fn last_seq(&self) -> u64 {
        self.events.len() as u64
    }
}

/// The database.
#[derive(Debug, Default)]
pub(super) struct Database {
    pub(super) rows: BTreeMap<ExecutionId, Row>,
    pub(super) budgets: HashMap<BudgetScope, Money>,
    pub(super) memories: Vec<(SquadId, Memory)>,
}

impl Database {
    pub(super) fn create(
        &mut self,
        id: ExecutionId,
        spec: &ExecutionSpec,
        actor: Actor,
        at: Timestamp,
    ) -> Result<Event, StorageError> {
        if self.rows.contains_key(&id) {
            return Err(StorageError::AlreadyExists(id));
        }
        let at = stored(at);
        let body = EventBody::ExecutionCreated { spec: Box::new(spec.clone()) };
        let event = Event { seq: 1, at, actor, body };
        let row = Row {
            spec: spec.clone(),
            events: vec![event.clone()],
            status: Status::Pending,
            runnable: true,
            served_at: at,
            lease: None,
            fence: 0,
            lanes: BTreeMap::new(),
            calls: BTreeMap::new(),
            questions: BTreeMap::new(),
            asked: 0,
        };
        self.rows.insert(id, row);
        self.open_budgets(id, spec);
        Ok(event)
    }

    pub(super) fn events(&self, id: ExecutionId, after: u64, limit: u64) -> Vec<Event> {
        let skip = usize::try_from(after).unwrap_or(usize::MAX);
        let take = usize::try_from(limit).unwrap_or(usize::MAX);
        let events = self.rows.get(&id).map(|row| row.events.as_slice()).unwrap_or_default();
        events.iter().skip(skip).take(take).cloned().collect()
    }

    pub(super) fn last_seq(&self, id: ExecutionId) -> Option<u64> {
        self.rows.get(&id).map(Row::last_seq)
    }

    pub(super) fn memories(&self, squad: SquadId, repository: &str, limit: u64) -> Vec<Memory> {
        let take = usize::try_from(limit).unwrap_or(usize::MAX);
        let of = |(whose, memory): &&(SquadId, Memory)| *whose == squad && memory.repository == repository;
        self.memories.iter().rev().filter(of).take(take).map(|(_, memory)| memory.clone()).collect()
    }
}

/// The moment as it is read back: databases keep microseconds.
pub(super) fn stored(at: Timestamp) -> Timestamp {
    at.replace_nanosecond(at.microsecond() * 1000).unwrap_or(at)
}
