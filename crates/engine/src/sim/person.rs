//! The people: they answer what they are asked, sooner or later, and do what comes to their mind.

use super::guard;
use super::process::Process;
use super::random::Random;
use super::watch::Refusal;
use super::world::World;
use crate::input::Input;
use crate::shared::Shared;
use squad_domain::execution::ExecutionState;
use squad_domain::ids::QuestionId;
use squad_domain::message::Actor;
use squad_domain::model::ModelRef;
use squad_domain::question::{Answer, Question, Subject};
use squad_storage::BudgetScope;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::Instant;

/// Longer than any attempt to append takes; whoever waits in vain for a dead process's answer asks again.
const PATIENCE: Duration = Duration::from_secs(30);

pub(super) struct Person {
    world: Arc<World>,
    /// A process of their own, as `squad answer` in another terminal is.
    desk: Arc<Shared>,
    random: Random,
    /// For budgets alone.
    money: Random,
    /// When each question will be answered.
    due: BTreeMap<QuestionId, Instant>,
    resumes: Option<Instant>,
    rejected: bool,
}

impl Person {
    pub(super) fn new(world: &Arc<World>, random: Random, money: Random) -> Self {
        let desk = Process::new(world, "ada's desk".to_owned(), false).shared();
        let world = Arc::clone(world);
        Self { world, desk, random, money, due: BTreeMap::new(), resumes: None, rejected: false }
    }

    /// Does at most one thing. `beside`: a worker's process that also takes inputs, where one lives.
    pub(super) async fn acts(&mut self, beside: Option<Arc<Shared>>) {
        let world = Arc::clone(&self.world);
        let raised = self.raises();
        let wanted = world.sees(|state| {
            let goes_on = !state.status.is_terminal();
            goes_on.then(|| raised.or_else(|| self.wants(state))).flatten()
        });
        let Some(input) = wanted else { return };
        // What is said in the worker's own process rings its bell; what is said elsewhere has to be found.
        let place = beside.filter(|_| self.random.per_mille(500)).unwrap_or_else(|| Arc::clone(&self.desk));
        self.world.say(|| format!("ada, at {}: {input:?}", place.worker));
        let said = tokio::time::timeout(PATIENCE, place.input(self.world.id, "ada", &input)).await;
        if !matches!(said, Ok(Ok(_))) {
            self.world.say(|| "which does not come through".to_owned());
        }
    }

    /// Whoever watches the money may be faster than the question about it.
    fn raises(&mut self) -> Option<Input> {
        let Refusal { scope, limit, used, needed } = guard(&self.world.watch).refused.take()?;
        let stands = guard(&self.world.database).budgets.get(&scope).and_then(|budget| budget.limit);
        let rate = guard(&self.world.chaos).weather.raise;
        if stands != Some(limit) || !self.money.per_mille(rate) {
            return None;
        }
        let member = if let BudgetScope::Member(_, name) = scope { Some(name.to_string()) } else { None };
        let limit = self.world.plot.raised(member.is_none(), limit, used, needed);
        Some(Input::SetBudget { member, limit })
    }

    fn wants(&mut self, state: &ExecutionState) -> Option<Input> {
        let now = Instant::now();
        if state.paused {
            let wait = Duration::from_millis(self.random.between(100, 20_000));
            let at = *self.resumes.get_or_insert(now + wait);
            return (at <= now).then_some(Input::Resume);
        }
        self.resumes = None;
        if guard(&self.world.chaos).strikes(|weather| weather.person) {
            return self.whim(state);
        }
        let question = state.open_questions().find(|question| {
            question.waits_for_person() && self.due.get(&question.id).is_none_or(|due| *due <= now)
        })?;
        if !self.due.contains_key(&question.id) {
            let longest = *self.random.pick(&[10, 1_000, 20_000]);
            self.due.insert(question.id.clone(), now + Duration::from_millis(self.random.below(longest)));
            return None;
        }
        let answer = self.answer(question);
        Some(Input::Answer { question: question.id.clone(), answer })
    }

    fn answer(&mut self, question: &Question) -> Answer {
        let note = if self.random.per_mille(300) { "go on".to_owned() } else { String::new() };
        match &question.subject {
            Subject::PlanApproval { version }
                if self.world.plot.rejects && *version <= 2 && !self.rejected =>
            {
                self.rejected = true;
                Answer::Reject { reason: "think again".to_owned() }
            }
            Subject::PlanApproval { .. } => Answer::Approve { note },
            Subject::Budget { limit, used, needed, .. } => {
                let own = question.from == Actor::Engine;
                Answer::RaiseBudget { limit: self.world.plot.raised(own, *limit, *used, *needed) }
            }
            Subject::Tool { .. } | Subject::Analysis | Subject::Stuck { .. } => {
                Answer::Text { text: "Yes.".to_owned() }
            }
            Subject::TestCommand => Answer::Text { text: "check".to_owned() },
            Subject::Model { .. }
            | Subject::Loop { .. }
            | Subject::Turns { .. }
            | Subject::ReviewRounds { .. }
            | Subject::TestRounds
            | Subject::Fault { .. } => Answer::Retry { note },
        }
    }

    /// Anything at any time; much of it does not fit.
    fn whim(&mut self, state: &ExecutionState) -> Option<Input> {
        let ends = guard(&self.world.chaos).weather.ends;
        let content = "keep going".to_owned();
        Some(match self.random.below(if ends { 9 } else { 7 }) {
            0 | 1 => Input::Pause,
            2 => Input::Message { to: None, content },
            3 => Input::Message { to: Some("backend_developer".to_owned()), content },
            4 => {
                let name = (*self.random.pick(&["big", "small"])).to_owned();
                Input::SwapModel {
                    member: None,
                    model: ModelRef { provider: "scripted".into(), model: name },
                }
            }
            5 => Input::Answer {
                question: format!("q{}", self.random.between(1, 9)).into(),
                answer: Answer::Approve { note: String::new() },
            },
            6 => Input::Answer {
                question: state.open_questions().find(|question| question.waits_for_person())?.id.clone(),
                answer: Answer::Retry { note: "again".to_owned() },
            },
            7 => Input::Cancel { reason: "changed my mind".to_owned() },
            _ => Input::Answer {
                question: state.open_questions().find(|question| question.waits_for_person())?.id.clone(),
                answer: Answer::Stop,
            },
        })
    }
}
