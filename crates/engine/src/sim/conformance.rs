//! The database in memory answers as the real one does: the same operations at random, on both, side by side.

use super::database::{Database, Money, path};
use super::random::Random;
use crate::store::Store;
use serde_json::json;
use squad_domain::Timestamp;
use squad_domain::duty::Duty;
use squad_domain::execution::{EventBody, ExecutionSpec, NewEvent, Status};
use squad_domain::ids::{ExecutionId, MemberName};
use squad_domain::message::Actor;
use squad_domain::model::Purpose;
use squad_domain::money::MicroUsd;
use squad_domain::question::{Answer, Asked, Question, Subject};
use squad_storage::{AppendError, BudgetScope, Claim, Guard, Storage};
use squad_testkit::{Backend, TestDatabase};
use std::fmt::Debug;
use std::time::Duration;
use time::macros::datetime;
use uuid::Uuid;

const EXECUTIONS: u64 = 3;
const OPERATIONS: u64 = 700;
const TTL: Duration = Duration::from_secs(10);
const MEMBERS: [&str; 2] = ["Bea", "Tom"];

fn usd(micros: u64) -> MicroUsd {
    MicroUsd::from_micros(micros)
}

fn id(number: u64) -> ExecutionId {
    ExecutionId(Uuid::from_u128(0x019a_8f00_0000_7000_8000_0000_0000_0000 + u128::from(number)))
}

fn spec() -> ExecutionSpec {
    let mut spec = squad_testkit::spec();
    spec.budget = Some(usd(900));
    spec.squad.members[0].budget = Some(usd(500));
    spec
}

/// Both databases, and who holds what.
struct Pair {
    model: Database,
    real: Storage,
    random: Random,
    now: Timestamp,
    claims: Vec<Claim>,
}

/// Answers compare as text; what a database says of a broken constraint is its own.
fn told<T: Debug>(answer: Result<T, AppendError>) -> String {
    match answer {
        Err(AppendError::Storage(_)) => "the database refuses".to_owned(),
        other => format!("{other:?}"),
    }
}

impl Pair {
    /// One operation on both; tells it, and both answers.
    async fn operates(&mut self) -> (String, String, String) {
        self.now += Duration::from_millis(self.random.below(4_000));
        let (now, execution) = (self.now, id(self.random.below(EXECUTIONS)));
        let worker = if self.random.per_mille(500) { "one" } else { "two" };
        match self.random.below(12) {
            0 => {
                let claim = self.model.claim(worker, now, TTL);
                let real = Store::claim(&self.real, worker, now, TTL).await.expect("SQLite answers");
                self.claims.extend(claim.clone());
                (format!("claim for {worker}"), format!("{claim:?}"), format!("{real:?}"))
            }
            1 => {
                let outcome = self.model.claim_one(execution, worker, now, TTL);
                let real = Store::claim_one(&self.real, execution, worker, now, TTL).await;
                if let squad_storage::ClaimOutcome::Claimed(claim) = &outcome {
                    self.claims.push(claim.clone());
                }
                let real = format!("{:?}", real.expect("SQLite answers"));
                (format!("claim {execution} for {worker}"), format!("{outcome:?}"), real)
            }
            2 if !self.claims.is_empty() => {
                let claim = self.random.pick(&self.claims).clone();
                let model = self.model.renew(&claim, now, TTL);
                let real = Store::renew(&self.real, &claim, now, TTL).await.expect("SQLite answers");
                (format!("renew {claim:?}"), model.to_string(), real.to_string())
            }
            3 if !self.claims.is_empty() => {
                let claim = self.random.pick(&self.claims).clone();
                let last = self.model.last_seq(claim.execution).unwrap_or_default();
                let park = *self.random.pick(&[None, Some(last), Some(last.saturating_sub(1))]);
                self.model.release(&claim, park);
                Store::release(&self.real, &claim, park).await.expect("SQLite answers");
                (format!("release {claim:?} at {park:?}"), String::new(), String::new())
            }
            _ => {
                let events = self.events(execution);
                let last = self.model.last_seq(execution).unwrap_or_default();
                let expected_seq = if self.random.per_mille(80) { last - 1 } else { last };
                let held = self.claims.iter().rev().find(|claim| claim.execution == execution);
                let fence = held.filter(|_| self.random.per_mille(400)).map(|claim| claim.fence);
                let fence = if self.random.per_mille(60) { Some(self.random.below(5)) } else { fence };
                let expected = Guard { expected_seq, fence };
                let what = format!("append to {execution} with {expected:?}: {events:?}");
                let model = told(self.model.append(execution, expected, now, events.clone()));
                let real = told(Store::append(&self.real, execution, expected, now, events).await);
                (what, model, real)
            }
        }
    }

    fn events(&mut self, execution: ExecutionId) -> Vec<NewEvent> {
        let count = self.random.between(1, 3);
        (0..count)
            .map(|_| NewEvent { actor: Actor::Person("ada".into()), body: self.event(execution) })
            .collect()
    }

    fn event(&mut self, execution: ExecutionId) -> EventBody {
        let member = MemberName::from(*self.random.pick(&MEMBERS));
        let lane = format!("work/s{}/1", self.random.below(3));
        let step = format!("call {}", self.random.below(40));
        let row = &self.model.rows[&execution];
        let (asked, status) = (row.asked, row.status);
        match self.random.below(20) {
            0..3 => EventBody::LaneOpened {
                lane: lane.as_str().into(),
                member,
                duty: Duty::Work,
                subtask: None,
                round: 1,
                workspace: "w".into(),
                base: "abc".into(),
                tree: None,
                question: None,
                brief: "Do it.".into(),
            },
            3..8 => EventBody::ModelCallStarted {
                step: step.as_str().into(),
                lane: lane.as_str().into(),
                purpose: Purpose::Code,
                candidates: Vec::new(),
                reserved: usd(self.random.below(300)),
            },
            8..13 => {
                let payload = json!({
                    "step": step, "lane": lane, "message": "away", "cost": self.random.below(300), "attempts": [],
                });
                let body = json!({ "kind": "model_call_failed", "payload": payload });
                serde_json::from_value(body).expect("it is an event")
            }
            13 | 14 => {
                let subject = if self.random.per_mille(700) {
                    Subject::Budget { scope: "s".into(), limit: usd(1), used: usd(1), needed: usd(1) }
                } else {
                    Subject::Analysis
                };
                let from = if self.random.per_mille(500) { Actor::Member(member) } else { Actor::Engine };
                let number = if self.random.per_mille(100) { asked.max(1) } else { asked + 1 };
                let id = format!("q{number}").into();
                let (to, text) = (Asked::Person, "More?".to_owned());
                EventBody::QuestionAsked {
                    question: Question { id, from, to, subject, text, options: vec![] },
                }
            }
            15 | 16 => EventBody::QuestionAnswered {
                question: format!("q{}", self.random.between(1, asked.max(1))).into(),
                answer: if self.random.per_mille(800) {
                    Answer::RaiseBudget { limit: usd(self.random.between(600, 4_000)) }
                } else {
                    Answer::Stop
                },
            },
            17 => EventBody::Remembered { lane: lane.as_str().into(), text: step, tags: vec!["t".into()] },
            18 if self.random.per_mille(60) => {
                EventBody::StateChanged { from: status, to: Status::Cancelled, reason: "enough".into() }
            }
            19 if self.random.per_mille(300) => EventBody::BudgetSet {
                member: self.random.per_mille(500).then_some(member),
                limit: usd(self.random.between(600, 4_000)),
            },
            _ => EventBody::Paused {},
        }
    }

    /// Everything that either of them holds.
    async fn compare(&self, after: &str) {
        let spec = spec();
        for (execution, row) in &self.model.rows {
            let real = self.real.execution(*execution).await.expect("SQLite answers").expect("it is there");
            let lease = real.lease.map(|lease| (lease.owner, lease.until));
            let stood = (real.status, real.last_seq, lease);
            assert_eq!((row.status, row.last_seq(), row.lease.clone()), stood, "after {after}");
            for member in MEMBERS {
                for scope in path(*execution, &spec, &member.into()) {
                    self.compare_budget(&scope, after).await;
                }
            }
        }
    }

    async fn compare_budget(&self, scope: &BudgetScope, after: &str) {
        let real = self.real.budget(scope).await.expect("SQLite answers");
        let real = real.map(|row| Money { limit: row.limit, spent: row.spent, reserved: row.reserved });
        assert_eq!(self.model.budgets.get(scope).copied(), real, "the budget of {scope} after {after}");
    }
}

#[tokio::test]
async fn the_database_in_memory_answers_as_sqlite_does() {
    let database = TestDatabase::new(Backend::Sqlite).await;
    let now = datetime!(2026-01-02 03:04:05.123456789 UTC);
    let real = database.open().await;
    let mut pair = Pair { model: Database::default(), real, random: Random::new(1), now, claims: Vec::new() };
    for number in 0..EXECUTIONS {
        let actor = Actor::Person("ada".into());
        let model = pair.model.create(id(number), &spec(), actor.clone(), now).expect("it is new");
        let real = pair.real.create_execution(id(number), &spec(), actor, now).await.expect("it is new");
        assert_eq!(model, real);
    }
    let mut refused = 0;
    for number in 0..OPERATIONS {
        let (what, model, real) = pair.operates().await;
        assert_eq!(model, real, "operation {number}: {what}");
        refused += u64::from(!model.starts_with("Ok") && what.starts_with("append"));
        if number % 10 == 0 || what.contains("StateChanged") {
            pair.compare(&what).await;
        }
    }
    for number in 0..EXECUTIONS {
        let real = Store::events(&pair.real, id(number), 2, 50).await.expect("SQLite answers");
        assert_eq!(pair.model.events(id(number), 2, 50), real);
    }
    let spec = spec();
    let memories = Store::memories(&pair.real, spec.squad.id, &spec.repository, 20).await;
    let memories = memories.expect("SQLite answers");
    assert_eq!(pair.model.memories(spec.squad.id, &spec.repository, 20), memories);
    assert!(!memories.is_empty() && refused > 20 && refused < OPERATIONS / 2, "{refused} were refused");
    database.remove().await;
}
