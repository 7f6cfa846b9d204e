//! From state and log to report.

use super::trail::Trail;
use super::{
    Criterion, MemberLine, ModelLine, Proof, QuestionLine, Report, ReviewLine, Spent, Standing, SubtaskLine,
    TestLine, Tests, unverified, words,
};
use squad_domain::Timestamp;
use squad_domain::execution::event::EventBody;
use squad_domain::execution::{Event, ExecutionState, Status};
use squad_domain::ids::{ExecutionId, MemberName};
use squad_domain::model::Usage;
use squad_domain::question::Asked;
use squad_domain::tests_run::TestStage;
use std::collections::BTreeMap;

/// The provider whose words come from a script.
const SCRIPTED_PROVIDER: &str = "scripted";

impl Report {
    /// Builds the report of an execution, at any point of it. `state` is the fold of exactly these `events`.
    #[must_use]
    pub fn build(execution: ExecutionId, state: &ExecutionState, events: &[Event]) -> Self {
        let trail = Trail::walk(state, events);
        let models = models(events);
        let scripted = models.iter().any(|line| line.model.starts_with(&format!("{SCRIPTED_PROVIDER}/")));
        let criteria = criteria(state, &trail);
        let not_verified = unverified::list(state, &trail, &criteria, scripted);
        Self {
            execution_id: execution,
            status: state.status,
            reason: state.reason.clone(),
            task: state.spec.task.title.clone(),
            repository: state.spec.repository.clone(),
            squad: state.spec.squad.name.clone(),
            summary: state.analysis.as_ref().map(|analysis| analysis.summary.clone()),
            delivery: state.delivery.clone(),
            tests: Tests {
                command: state.test_command.clone(),
                before: last_run(events, TestStage::Before),
                after: last_run(events, TestStage::After),
            },
            criteria,
            subtasks: subtasks(state),
            reviews: reviews(state, events),
            risks: state.analysis.as_ref().map(|analysis| analysis.risks.clone()).unwrap_or_default(),
            questions: questions(state, &trail),
            members: members(state, events),
            total: total(&models, state),
            models,
            budget: state.spec.budget,
            scripted,
            sandbox: state.prepared.as_ref().map(|prepared| prepared.tier.clone()),
            started_at: state.created_at,
            ended_at: state.at,
            elapsed_ms: milliseconds(state.created_at, state.at),
            waited_ms: waited(state, events),
            notes: state.prepared.as_ref().map(|prepared| prepared.notes.clone()).unwrap_or_default(),
            not_verified,
        }
    }
}

fn milliseconds(from: Timestamp, to: Timestamp) -> u64 {
    u64::try_from((to - from).whole_milliseconds()).unwrap_or(0)
}

/// How long it stood still because a person was asked.
fn waited(state: &ExecutionState, events: &[Event]) -> u64 {
    let mut since = None;
    let mut sum = 0;
    for event in events {
        if let EventBody::StateChanged { to, .. } = &event.body {
            if let Some(from) = since.take() {
                sum += milliseconds(from, event.at);
            }
            since = (*to == Status::Blocked).then_some(event.at);
        }
    }
    sum + since.map_or(0, |from| milliseconds(from, state.at))
}

fn last_run(events: &[Event], stage: TestStage) -> Option<TestLine> {
    events.iter().rev().find_map(|event| match &event.body {
        EventBody::TestsFinished { run, .. } if run.stage == stage => Some(TestLine {
            seq: event.seq,
            command: run.command.clone(),
            commit: run.commit.clone(),
            exit_code: run.exit_code,
            ended: run.ended.clone(),
            duration_ms: run.duration_ms,
        }),
        _ => None,
    })
}

fn criteria(state: &ExecutionState, trail: &Trail) -> Vec<Criterion> {
    let standing = |judged: bool, there: bool| match (there && trail.passing.is_some(), judged) {
        (true, true) => Standing::Proven,
        (true, false) => Standing::TestsOnly,
        (false, _) => Standing::Open,
    };
    let of_task = state.analysis.iter().flat_map(|analysis| &analysis.acceptance_criteria).map(|text| {
        let proof: Vec<Proof> = trail.tester.iter().chain(&trail.passing).cloned().collect();
        let standing = standing(trail.tester.is_some(), true);
        Criterion { text: text.clone(), subtask: None, standing, proof }
    });
    let of_subtasks = state.subtasks.iter().flat_map(|subtask| {
        let id = &subtask.spec.id;
        let (approval, merge) = (trail.approvals.get(id), trail.merges.get(id));
        let judged = approval.is_some() && !trail.overruled.contains(id);
        let proof: Vec<Proof> = approval.into_iter().chain(merge).chain(&trail.passing).cloned().collect();
        subtask.spec.acceptance_criteria.iter().map(move |text| Criterion {
            text: text.clone(),
            subtask: Some(id.clone()),
            standing: standing(judged, merge.is_some()),
            proof: proof.clone(),
        })
    });
    of_task.chain(of_subtasks).collect()
}

fn subtasks(state: &ExecutionState) -> Vec<SubtaskLine> {
    let line = |subtask: &squad_domain::execution::SubtaskState| SubtaskLine {
        id: subtask.spec.id.clone(),
        title: subtask.spec.title.clone(),
        member: subtask.assignee.clone(),
        rounds: subtask.round,
        stage: words::stage(subtask.stage).to_owned(),
        summary: subtask.summary.clone(),
    };
    state.subtasks.iter().map(line).collect()
}

fn reviews(state: &ExecutionState, events: &[Event]) -> Vec<ReviewLine> {
    let line = |event: &Event| match &event.body {
        EventBody::ReviewSubmitted { lane, subtask, review, .. } => {
            let lane = state.lanes.get(lane)?;
            Some(ReviewLine {
                seq: event.seq,
                reviewer: lane.member.clone(),
                subtask: subtask.clone(),
                round: lane.round,
                verdict: review.verdict,
                summary: review.summary.clone(),
                comments: review.comments.clone(),
            })
        }
        _ => None,
    };
    events.iter().filter_map(line).collect()
}

fn questions(state: &ExecutionState, trail: &Trail) -> Vec<QuestionLine> {
    let mut asked: Vec<_> = state.questions.values().collect();
    asked.sort_by_key(|asked| asked.question.number());
    let line = |asked: &squad_domain::execution::state::QuestionState| {
        let question = &asked.question;
        QuestionLine {
            id: question.id.clone(),
            seq: trail.asked.get(question.id.as_str()).copied().unwrap_or_default(),
            from: question.from.name().to_owned(),
            to: match &question.to {
                Asked::Member(name) => name.to_string(),
                Asked::Person => "a person".to_owned(),
            },
            text: question.text.clone(),
            answer: asked.answer.as_ref().map(|(_, answer)| words::answer(answer)),
            by: asked.answer.as_ref().map(|(by, _)| by.name().to_owned()),
        }
    };
    asked.into_iter().map(line).collect()
}

/// Every finished model call of the log: whose, by which model, and what it used.
fn calls<'a>(
    state: &'a ExecutionState,
    events: &'a [Event],
) -> impl Iterator<Item = (&'a MemberName, Option<String>, Spent)> {
    events.iter().filter_map(|event| {
        let (lane, model, usage, cost) = match &event.body {
            EventBody::ModelCallFinished { lane, model, usage, cost, .. } => {
                (lane, Some(model.to_string()), *usage, *cost)
            }
            EventBody::ModelCallFailed { lane, cost, .. } => (lane, None, Usage::default(), *cost),
            _ => return None,
        };
        let member = &state.lanes.get(lane)?.member;
        Some((member, model, Spent { calls: 1, usage, cost }))
    })
}

fn members(state: &ExecutionState, events: &[Event]) -> Vec<MemberLine> {
    let line = |member: &squad_domain::member::Member| {
        let mut spent = Spent::default();
        let mut models: Vec<String> = Vec::new();
        for (_, model, call) in calls(state, events).filter(|(name, ..)| *name == &member.name) {
            spent.add(&call);
            models.extend(model.filter(|model| !models.contains(model)));
        }
        MemberLine { name: member.name.clone(), role: member.role, spent, models }
    };
    state.spec.squad.members.iter().map(line).collect()
}

fn models(events: &[Event]) -> Vec<ModelLine> {
    let mut sums: BTreeMap<String, Spent> = BTreeMap::new();
    for event in events {
        if let EventBody::ModelCallFinished { model, usage, cost, .. } = &event.body {
            let call = Spent { calls: 1, usage: *usage, cost: *cost };
            sums.entry(model.to_string()).or_default().add(&call);
        }
    }
    sums.into_iter().map(|(model, spent)| ModelLine { model, spent }).collect()
}

/// Tokens as the models used them; money as the state has it, failed calls among it.
fn total(models: &[ModelLine], state: &ExecutionState) -> Spent {
    let mut sum = Spent::default();
    models.iter().for_each(|line| sum.add(&line.spent));
    sum.calls = state.spending.values().map(|spending| spending.calls).sum();
    sum.cost = state.cost();
    sum
}

impl Spent {
    fn add(&mut self, other: &Self) {
        self.calls += other.calls;
        self.usage.add(&other.usage);
        self.cost += other.cost;
    }
}
