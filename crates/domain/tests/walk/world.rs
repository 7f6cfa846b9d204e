//! A world without models, git or time that answers every step at random.

use serde_json::json;
use squad_domain::Timestamp;
use squad_domain::conversation::{Reply, ToolCall};
use squad_domain::duty::Duty;
use squad_domain::execution::decide::{FixCause, LanePlan, Step, loop_question};
use squad_domain::execution::event::Delivery;
use squad_domain::execution::guard::GuardAction;
use squad_domain::execution::spec::ExecutionLimits;
use squad_domain::execution::{Event, EventBody, ExecutionSpec, ExecutionState, Status};
use squad_domain::ids::{CommitId, LaneId, StepKey, SubtaskId, TreeId};
use squad_domain::member::Member;
use squad_domain::message::Actor;
use squad_domain::model::{ModelRef, ModelSettings, Purpose, RoutingProfile, Usage};
use squad_domain::money::MicroUsd;
use squad_domain::plan::{Analysis, Plan, Subtask};
use squad_domain::question::{Answer, Asked, Question, Subject};
use squad_domain::review::{Review, ReviewVerdict, TestReport, TestVerdict};
use squad_domain::role::Role;
use squad_domain::squad::{ApprovalPolicy, Squad};
use squad_domain::task::Task;
use squad_domain::tests_run::{CommandSource, TestCommand, TestRun, TestStage};
use std::collections::BTreeSet;

/// How often, in percent, things go wrong.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Moods {
    /// Reviewers, testers, tests and people say no; members dawdle.
    pub(crate) grumpy: u32,
    /// Models and merges fail.
    pub(crate) faults: u32,
}

pub(crate) struct World {
    pub(crate) state: ExecutionState,
    pub(crate) events: Vec<Event>,
    moods: Moods,
    random: u64,
    objects: u64,
    finished: BTreeSet<StepKey>,
}

impl World {
    pub(crate) fn new(seed: u64, roles: &[Role], moods: Moods) -> Self {
        let members =
            roles.iter().enumerate().map(|(n, role)| Member::new(&format!("M{n}"), *role)).collect();
        let id = "019a8f00-0000-7000-8000-000000000001";
        let approval = if seed.is_multiple_of(2) { ApprovalPolicy::Always } else { ApprovalPolicy::Never };
        let spec = ExecutionSpec {
            org: id.parse().unwrap(),
            task: Task::from_text("Do it"),
            repository: "/repo".into(),
            squad: Squad { id: id.parse().unwrap(), name: "Test".into(), members },
            models: ModelSettings { profile: RoutingProfile::single(model()), ..ModelSettings::default() },
            approval,
            budget: None,
            test_command: seed.is_multiple_of(3).then(|| "test".to_owned()),
            setup_command: None,
            setup_hosts: Vec::new(),
            mcp: std::collections::BTreeMap::new(),
            branch: None,
            sandbox: "auto".into(),
            limits: ExecutionLimits { context_bytes: 600, ..ExecutionLimits::default() },
        };
        let first = Event {
            seq: 1,
            at: Timestamp::UNIX_EPOCH,
            actor: Actor::Person("ada".into()),
            body: EventBody::ExecutionCreated { spec: Box::new(spec) },
        };
        let state = ExecutionState::fold([&first]).expect("a beginning");
        // An odd, non-zero start for xorshift64 (Marsaglia 2003).
        Self { state, events: vec![first], moods, random: seed | 1, objects: 0, finished: BTreeSet::new() }
    }

    pub(crate) fn story(&self) -> String {
        let tail: Vec<String> =
            self.events.iter().rev().take(25).rev().map(|e| format!("{} {:?}", e.seq, e.body)).collect();
        tail.join("\n")
    }

    fn below(&mut self, n: u64) -> u64 {
        self.random ^= self.random << 13;
        self.random ^= self.random >> 7;
        self.random ^= self.random << 17;
        self.random % n
    }

    fn grumpy(&mut self) -> bool {
        self.below(100) < u64::from(self.moods.grumpy)
    }

    fn fault(&mut self) -> bool {
        self.below(100) < u64::from(self.moods.faults)
    }

    fn object(&mut self) -> String {
        self.objects += 1;
        format!("{:040x}", self.objects)
    }

    fn push(&mut self, actor: Actor, body: EventBody) {
        let event = Event { seq: self.state.seq + 1, at: Timestamp::UNIX_EPOCH, actor, body };
        self.state
            .apply(&event)
            .unwrap_or_else(|error| panic!("{error} after\n{}\n-> {event:?}", self.story()));
        self.events.push(event);
    }

    fn engine(&mut self, body: EventBody) {
        self.push(Actor::Engine, body);
    }

    /// People change their minds about money at any time.
    fn change_a_mind(&mut self) {
        if !self.grumpy() || self.below(10) > 0 {
            return;
        }
        let limit = MicroUsd::from_micros(self.below(1_000_000));
        let member = (self.below(2) == 0).then(|| self.state.spec.squad.members[0].name.clone());
        self.push(Actor::Person("ada".into()), EventBody::BudgetSet { member, limit });
    }

    /// Answers the first question to a person in one of the ways that it takes. False: there is none.
    pub(crate) fn answer_a_person(&mut self) -> bool {
        let Some(question) =
            self.state.open_questions().find(|question| question.waits_for_person()).cloned()
        else {
            return false;
        };
        let no = self.grumpy();
        let answers = [
            Answer::Approve { note: String::new() },
            Answer::Reject { reason: "other".into() },
            Answer::RaiseBudget { limit: MicroUsd::from_micros(1_000_000) },
            Answer::Retry { note: "go on".into() },
            Answer::Text { text: "because".into() },
        ];
        let fitting: Vec<Answer> =
            answers.into_iter().filter(|answer| question.accepts(answer).is_ok()).collect();
        let pick = if no { fitting.len() - 1 } else { 0 };
        // People lose patience, or this would go on for ever.
        let patience = self.state.questions.len() < 25;
        let answer = if patience { fitting[pick].clone() } else { Answer::Stop };
        self.push(Actor::Person("ada".into()), EventBody::QuestionAnswered { question: question.id, answer });
        true
    }

    pub(crate) fn perform_one(&mut self, mut steps: Vec<Step>) {
        self.change_a_mind();
        let pick = usize::try_from(self.below(steps.len() as u64)).unwrap();
        let step = steps.swap_remove(pick);
        let key = step.key();
        if let Some(key) = &key {
            assert!(
                !self.finished.contains(key),
                "{key} is decided again after it was finished\n{}",
                self.story()
            );
        }
        match step {
            Step::Transition { to, reason } => {
                let from = self.state.status;
                self.engine(EventBody::StateChanged { from, to, reason });
            }
            Step::Ask(question) => self.engine(EventBody::QuestionAsked { question }),
            Step::Prepare => self.prepare(),
            Step::RunTests { stage, commit } => self.tests(stage, commit),
            Step::OpenLane(plan) => self.open(plan),
            Step::CallModel { key, lane, purpose, condense_upto } => {
                self.call(&key, &lane, purpose, condense_upto);
            }
            Step::RunTool { key, lane, .. } => self.tool(&key, &lane),
            Step::Guard { lane, action } => self.guard(&lane, action),
            Step::Assign { subtasks } => self.assign(&subtasks),
            Step::Merge { subtask } => self.merge(&subtask),
            Step::AddFix { cause } => self.fix(cause),
            Step::Deliver => self.deliver(),
        }
        // Tests of the same commit and merges after a conflict may come again; calls, tools and openings never.
        if let Some(key) = key.filter(|key| !key.as_str().starts_with("tests/") && key.as_str() != "merge") {
            self.finished.insert(key);
        }
    }

    fn prepare(&mut self) {
        let base = CommitId(self.object());
        self.engine(EventBody::WorkspacePrepared {
            base,
            base_branch: None,
            tier: "builtin".into(),
            test_command: None,
            guidance: None,
            map: String::new(),
            notes: vec![],
        });
    }

    fn tests(&mut self, stage: TestStage, commit: CommitId) {
        if self.state.test_command.is_none() && stage == TestStage::Before && self.fault() {
            self.engine(EventBody::NoTestsFound { tried: vec![] });
            return;
        }
        let found = self
            .state
            .test_command
            .is_none()
            .then(|| TestCommand { command: "test".into(), source: CommandSource::Detected });
        let failed = self.grumpy();
        let run = TestRun {
            stage,
            commit,
            command: "test".into(),
            exit_code: Some(i32::from(failed)),
            ended: String::new(),
            output: String::new(),
            duration_ms: 1,
        };
        self.engine(EventBody::TestsFinished { run, test_command: found });
    }

    fn open(&mut self, plan: LanePlan) {
        let base = self.state.head.clone().expect("prepared");
        self.engine(EventBody::LaneOpened {
            lane: plan.id,
            member: plan.member,
            duty: plan.duty,
            subtask: plan.subtask,
            round: plan.round,
            workspace: "w".into(),
            base,
            tree: None,
            question: plan.question,
            brief: "do it".into(),
        });
    }

    fn call(&mut self, key: &StepKey, lane: &LaneId, purpose: Purpose, condense_upto: Option<usize>) {
        self.engine(EventBody::ModelCallStarted {
            step: key.clone(),
            lane: lane.clone(),
            purpose,
            candidates: vec![model()],
            reserved: MicroUsd::ZERO,
        });
        if self.fault() {
            self.engine(EventBody::ModelCallFailed {
                step: key.clone(),
                lane: lane.clone(),
                message: "down".into(),
                cost: MicroUsd::ZERO,
                too_long: false,
                attempts: vec![],
            });
            let id = self.state.next_question();
            let question = Question {
                id,
                from: Actor::Engine,
                to: Asked::Person,
                subject: Subject::Model { lane: lane.clone() },
                text: "down".into(),
                options: vec![],
            };
            self.engine(EventBody::QuestionAsked { question });
            return;
        }
        let duty = self.state.lanes[lane].duty;
        let reply = if purpose == Purpose::Summarize {
            Reply { text: "so far".into(), calls: vec![] }
        } else {
            self.reply(duty)
        };
        let words = reply.clone();
        self.engine(EventBody::ModelCallFinished {
            step: key.clone(),
            lane: lane.clone(),
            model: model(),
            reply,
            usage: Usage { input: 10, output: 5, ..Usage::default() },
            estimated: false,
            cost: MicroUsd::from_micros(3),
            latency_ms: 1,
            first_token_ms: None,
            attempts: vec![],
        });
        if let Some(upto) = condense_upto {
            self.engine(EventBody::Condensed { lane: lane.clone(), upto, summary: "so far".into() });
        } else if duty == Duty::Answer && words.calls.is_empty() {
            let question = self.state.lanes[lane].question.clone().expect("answers have a question");
            let member = self.state.lanes[lane].member.clone();
            self.push(
                Actor::Member(member),
                EventBody::QuestionAnswered { question, answer: Answer::Text { text: words.text } },
            );
            self.engine(EventBody::LaneClosed { lane: lane.clone(), reason: "answered".into() });
        }
    }

    /// Dawdles, asks, or ends the duty.
    fn reply(&mut self, duty: Duty) -> Reply {
        let names: &[&str] = match self.below(10) {
            0 if self.moods.grumpy > 0 => &[],
            1 | 2 => &["read_file", "read_file"],
            3 if duty != Duty::Answer => &["ask_teammate"],
            4 if self.moods.grumpy > 0 => &["ask_human"],
            _ => &["end"],
        };
        if duty == Duty::Answer && names == ["end"] {
            return Reply { text: "it is a rate".into(), calls: vec![] };
        }
        let calls = names
            .iter()
            .enumerate()
            .map(|(n, name)| ToolCall {
                id: n.to_string(),
                name: (*name).into(),
                arguments: json!({ "path": self.objects }),
            })
            .collect();
        Reply { text: "Let me see. ".repeat(5), calls }
    }

    fn tool(&mut self, key: &StepKey, id: &LaneId) {
        let lane = self.state.lanes[id].clone();
        let name = lane.current_tool().expect("a call").1.name.clone();
        let done = |content: &str| EventBody::ToolFinished {
            step: key.clone(),
            lane: id.clone(),
            tool: name.clone(),
            content: content.to_owned(),
            is_error: false,
            tree: None,
            duration_ms: 1,
        };
        match name.as_str() {
            "read_file" => {
                let text = if self.grumpy() { "the same".into() } else { self.object() };
                self.engine(done(&text));
            }
            "ask_teammate" | "ask_human" => {
                let other = self.state.spec.squad.members.iter().find(|member| member.name != lane.member);
                let to = match other {
                    Some(other) if name == "ask_teammate" => Asked::Member(other.name.clone()),
                    None if name == "ask_teammate" => return self.engine(done("nobody is there")),
                    _ => Asked::Person,
                };
                let question = Question {
                    id: self.state.next_question(),
                    from: Actor::Member(lane.member.clone()),
                    to,
                    subject: Subject::Tool { lane: id.clone(), step: key.clone() },
                    text: "which?".into(),
                    options: vec![],
                };
                self.engine(EventBody::QuestionAsked { question });
            }
            _ => self.hand_over(id),
        }
    }

    fn hand_over(&mut self, id: &LaneId) {
        let lane = self.state.lanes[id].clone();
        let no = self.grumpy();
        let body = match lane.duty {
            Duty::Analyze => EventBody::AnalysisSubmitted {
                lane: id.clone(),
                analysis: Analysis {
                    summary: "s".into(),
                    acceptance_criteria: vec![],
                    risks: vec![],
                    questions: if no { vec!["why?".into()] } else { vec![] },
                },
            },
            Duty::Plan | Duty::Agree => {
                let version = self.state.plan_version + 1;
                EventBody::PlanSubmitted { lane: id.clone(), version, plan: self.plan() }
            }
            Duty::Work | Duty::Resolve => EventBody::WorkSubmitted {
                lane: id.clone(),
                subtask: lane.subtask.clone().expect("work has a sub-task"),
                summary: "done".into(),
                commit: CommitId(self.object()),
                tree: TreeId(self.object()),
            },
            Duty::Review => EventBody::ReviewSubmitted {
                lane: id.clone(),
                subtask: lane.subtask.clone(),
                commit: lane.base.clone(),
                review: Review {
                    verdict: if no { ReviewVerdict::RequestChanges } else { ReviewVerdict::Approve },
                    summary: String::new(),
                    comments: vec![],
                },
            },
            Duty::Test => {
                let commit = self.grumpy().then(|| CommitId(self.object()));
                EventBody::TestReportSubmitted {
                    lane: id.clone(),
                    report: TestReport {
                        verdict: if no { TestVerdict::Fail } else { TestVerdict::Pass },
                        summary: String::new(),
                        failures: vec![],
                    },
                    commit,
                }
            }
            Duty::Answer => unreachable!("answers end with words"),
        };
        self.engine(body);
    }

    fn plan(&mut self) -> Plan {
        let count = 1 + self.below(4);
        let subtasks = (0..count)
            .map(|n| Subtask {
                id: SubtaskId(format!("s{n}")),
                title: "part".into(),
                description: String::new(),
                role: Role::ALL[usize::try_from(self.below(14)).unwrap()],
                depends_on: (0..n)
                    .filter(|_| self.below(3) == 0)
                    .map(|need| SubtaskId(format!("s{need}")))
                    .collect(),
                acceptance_criteria: vec![],
            })
            .collect();
        let plan = Plan { subtasks, test_command: String::new() };
        assert_eq!(plan.check(), Ok(()));
        plan
    }

    fn guard(&mut self, id: &LaneId, action: GuardAction) {
        let finding = self.state.lanes[id].guard.finding.clone().expect("a finding");
        let question = loop_question(&self.state, &self.state.lanes[id], &finding.evidence);
        self.engine(EventBody::LoopDetected {
            lane: id.clone(),
            pattern: finding.pattern,
            evidence: finding.evidence,
            action,
        });
        if action == GuardAction::Block {
            self.engine(EventBody::QuestionAsked { question });
        }
    }

    fn assign(&mut self, subtasks: &[SubtaskId]) {
        for subtask in subtasks {
            let count = self.state.spec.squad.members.len() as u64;
            let pick = usize::try_from(self.below(count)).unwrap();
            let member = self.state.spec.squad.members[pick].name.clone();
            self.engine(EventBody::SubtaskAssigned {
                subtask: subtask.clone(),
                member,
                score: 1,
                reasons: vec![],
            });
        }
    }

    fn merge(&mut self, subtask: &SubtaskId) {
        let resolved = self.state.subtask(subtask).is_some_and(|s| s.conflict.is_some());
        let body = if !resolved && self.fault() {
            EventBody::MergeConflicted {
                subtask: subtask.clone(),
                files: vec!["a".into()],
                tree: TreeId(self.object()),
            }
        } else {
            EventBody::SubtaskMerged {
                subtask: subtask.clone(),
                commit: CommitId(self.object()),
                tree: TreeId(self.object()),
            }
        };
        self.engine(body);
    }

    fn fix(&mut self, cause: FixCause) {
        let subtask = Subtask {
            id: SubtaskId(format!("fix-{}", self.state.fixes + 1)),
            title: format!("{cause:?}"),
            description: String::new(),
            role: Role::BackendDeveloper,
            depends_on: vec![],
            acceptance_criteria: vec![],
        };
        self.engine(EventBody::SubtaskAdded { subtask, cause: String::new() });
        let from = self.state.status;
        self.engine(EventBody::StateChanged { from, to: Status::InProgress, reason: String::new() });
    }

    fn deliver(&mut self) {
        let head = self.state.head.clone().expect("merged");
        let delivery = Delivery {
            branch: "squad/x".into(),
            commit: head.clone(),
            base: head,
            commits: vec![],
            diff_stat: String::new(),
            location: "/repo".into(),
        };
        self.engine(EventBody::Delivered { delivery });
    }
}

fn model() -> ModelRef {
    "scripted/demo".parse().unwrap()
}
