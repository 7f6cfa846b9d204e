//! The state of an execution, and `apply`: how each event changes it.

use super::event::{Delivery, Event, EventBody};
use super::guard::{GuardAction, LoopPattern};
use super::lane::{Lane, LanePhase};
use super::spec::ExecutionSpec;
use super::status::Status;
use super::subtask::{SubtaskStage, SubtaskState};
use crate::Timestamp;
use crate::conversation::ToolCall;
use crate::duty::Duty;
use crate::ids::{CommitId, LaneId, MemberName, QuestionId, SubtaskId, TreeId};
use crate::member::Member;
use crate::message::{Actor, AgentMessage, MessageKind, Recipient};
use crate::model::{Purpose, RoutingProfile, Usage};
use crate::money::MicroUsd;
use crate::plan::{Analysis, Plan};
use crate::question::{Answer, Asked, Question, Subject};
use crate::review::{Review, ReviewVerdict, TestReport};
use crate::tests_run::{CommandSource, TestCommand, TestRun, TestStage};
use std::collections::BTreeMap;

/// Questions that two members may ask each other before the loop guard looks.
const PING_PONG: u32 = 6;

/// What the repository looked like when the execution began.
#[derive(Debug, Clone, PartialEq)]
pub struct Prepared {
    /// What everything is based on.
    pub base: CommitId,
    /// The branch whose tip that was.
    pub base_branch: Option<String>,
    /// The sandbox tier in use.
    pub tier: String,
    /// `AGENTS.md`.
    pub guidance: Option<String>,
    /// An outline of the repository.
    pub map: String,
    /// What a person should know.
    pub notes: Vec<String>,
}

/// A question, and what became of it.
#[derive(Debug, Clone, PartialEq)]
pub struct QuestionState {
    /// The question.
    pub question: Question,
    /// When it was asked.
    pub asked_at: Timestamp,
    /// Its answer, and by whom.
    pub answer: Option<(Actor, Answer)>,
}

/// What one member used so far.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Spending {
    /// Tokens.
    pub usage: Usage,
    /// Money.
    pub cost: MicroUsd,
    /// Model calls.
    pub calls: u64,
}

/// What the merged whole has been through since its tip last moved.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct WholeChecks {
    /// The last review of it.
    pub review: Option<Review>,
    /// Whether a person takes it as it is.
    pub accepted: bool,
    /// The engine's run of the tests on it.
    pub tests: Option<TestRun>,
    /// The tester's report on it.
    pub report: Option<TestReport>,
}

/// An execution as its events have made it.
#[derive(Debug, Clone, PartialEq)]
pub struct ExecutionState {
    /// The last event that is part of it.
    pub seq: u64,
    /// When that was.
    pub at: Timestamp,
    /// When it was asked for.
    pub created_at: Timestamp,
    /// What it was started with. Models and budget are as people changed them since.
    pub spec: ExecutionSpec,
    /// Where it stands.
    pub status: Status,
    /// Where a blocked execution returns to.
    pub return_to: Option<Status>,
    /// Why it stands there.
    pub reason: String,
    /// Since when.
    pub since: Timestamp,
    /// Whether a person paused it.
    pub paused: bool,
    /// The repository.
    pub prepared: Option<Prepared>,
    /// The gate.
    pub test_command: Option<TestCommand>,
    /// Why no command was found, where none was.
    pub no_tests: Option<Vec<String>>,
    /// The tests before anything changed.
    pub baseline: Option<TestRun>,
    /// What is wanted.
    pub analysis: Option<Analysis>,
    /// Plans submitted so far; the last one counts.
    pub plan: Option<Plan>,
    /// How many were submitted.
    pub plan_version: u32,
    /// Whether the tech lead has settled the last one, or nobody is there to.
    pub plan_settled: bool,
    /// Whether it may be worked on.
    pub plan_approved: bool,
    /// Why the last one was rejected.
    pub plan_rejected: Option<String>,
    /// Planning rounds begun by a rejection.
    pub planning_round: u32,
    /// The sub-tasks, in the order in which they are merged.
    pub subtasks: Vec<SubtaskState>,
    /// Sub-tasks that the engine added.
    pub fixes: u32,
    /// Fixes granted by a person beyond the limit.
    pub fixes_granted: u32,
    /// The tip of the execution's branch.
    pub head: Option<CommitId>,
    /// Its files.
    pub head_tree: Option<TreeId>,
    /// Checks of that tip.
    pub whole: WholeChecks,
    /// Lanes of reviewing and testing the whole that were opened so far.
    pub whole_lanes: u32,
    /// All lanes.
    pub lanes: BTreeMap<LaneId, Lane>,
    /// All questions.
    pub questions: BTreeMap<QuestionId, QuestionState>,
    /// All messages.
    pub messages: Vec<AgentMessage>,
    /// What each member used.
    pub spending: BTreeMap<MemberName, Spending>,
    /// Questions between two members so far.
    exchanges: BTreeMap<(MemberName, MemberName), u32>,
    /// Where the result is.
    pub delivery: Option<Delivery>,
}

/// An event that cannot follow.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ApplyError {
    /// The log starts in the middle.
    #[error("the log does not start with `execution_created`")]
    NoBeginning,
    /// A hole, or a repetition.
    #[error("event {got} cannot follow event {last}")]
    Gap {
        /// The last event applied.
        last: u64,
        /// The one that came.
        got: u64,
    },
    /// Not a transition of the table.
    #[error("an execution that is `{from}` cannot become `{to}`")]
    Transition {
        /// Where it stands.
        from: Status,
        /// Where it should go.
        to: Status,
    },
    /// Something that the log does not know.
    #[error("event {seq} refers to {what}, which the log does not know")]
    Unknown {
        /// Which event.
        seq: u64,
        /// What.
        what: String,
    },
}

impl ExecutionState {
    /// Folds a whole log.
    ///
    /// # Errors
    /// The first event that cannot follow.
    pub fn fold<'a>(events: impl IntoIterator<Item = &'a Event>) -> Result<Self, ApplyError> {
        let mut events = events.into_iter();
        let first = events.next().ok_or(ApplyError::NoBeginning)?;
        let mut state = Self::begin(first)?;
        for event in events {
            state.apply(event)?;
        }
        Ok(state)
    }

    fn begin(event: &Event) -> Result<Self, ApplyError> {
        let EventBody::ExecutionCreated { spec } = &event.body else { return Err(ApplyError::NoBeginning) };
        if event.seq != 1 {
            return Err(ApplyError::NoBeginning);
        }
        let given =
            spec.test_command.clone().map(|command| TestCommand { command, source: CommandSource::Person });
        Ok(Self {
            seq: 1,
            at: event.at,
            created_at: event.at,
            spec: (**spec).clone(),
            status: Status::Pending,
            return_to: None,
            reason: "asked for".to_owned(),
            since: event.at,
            paused: false,
            prepared: None,
            test_command: given,
            no_tests: None,
            baseline: None,
            analysis: None,
            plan: None,
            plan_version: 0,
            plan_settled: false,
            plan_approved: false,
            plan_rejected: None,
            planning_round: 1,
            subtasks: Vec::new(),
            fixes: 0,
            fixes_granted: 0,
            head: None,
            head_tree: None,
            whole: WholeChecks::default(),
            whole_lanes: 0,
            lanes: BTreeMap::new(),
            questions: BTreeMap::new(),
            messages: Vec::new(),
            spending: BTreeMap::new(),
            exchanges: BTreeMap::new(),
            delivery: None,
        })
    }

    /// Applies the next event.
    ///
    /// # Errors
    /// Where it cannot follow; the state is then unchanged in everything that decisions look at.
    pub fn apply(&mut self, event: &Event) -> Result<(), ApplyError> {
        if event.seq != self.seq + 1 {
            return Err(ApplyError::Gap { last: self.seq, got: event.seq });
        }
        self.change(event)?;
        self.seq = event.seq;
        self.at = event.at;
        Ok(())
    }

    #[expect(
        clippy::too_many_lines,
        reason = "one arm per kind of event; each is a few lines, and together they are the fold"
    )]
    fn change(&mut self, event: &Event) -> Result<(), ApplyError> {
        let seq = event.seq;
        match &event.body {
            EventBody::ExecutionCreated { .. } => return Err(ApplyError::Gap { last: self.seq, got: seq }),
            EventBody::StateChanged { to, reason, .. } => self.transition(*to, reason, event)?,
            EventBody::WorkspacePrepared { base, base_branch, tier, test_command, guidance, map, notes } => {
                self.prepared = Some(Prepared {
                    base: base.clone(),
                    base_branch: base_branch.clone(),
                    tier: tier.clone(),
                    guidance: guidance.clone(),
                    map: map.clone(),
                    notes: notes.clone(),
                });
                self.head = Some(base.clone());
                if self.test_command.is_none() {
                    self.test_command.clone_from(test_command);
                }
            }
            EventBody::TestsStarted { .. }
            | EventBody::Remembered { .. }
            | EventBody::NetworkRequested { .. }
            | EventBody::StepFailed { .. }
            | EventBody::TakenUp { .. } => {}
            EventBody::TestsFinished { run, test_command } => {
                if let Some(found) = test_command {
                    self.test_command = Some(found.clone());
                }
                match run.stage {
                    TestStage::Before => self.baseline = Some(run.clone()),
                    TestStage::After => self.whole.tests = Some(run.clone()),
                }
            }
            EventBody::NoTestsFound { tried } => self.no_tests = Some(tried.clone()),
            EventBody::LaneOpened {
                lane,
                member,
                duty,
                subtask,
                round,
                workspace,
                base,
                tree,
                question,
                brief,
            } => {
                let opened = Lane {
                    id: lane.clone(),
                    member: member.clone(),
                    duty: *duty,
                    subtask: subtask.clone(),
                    round: *round,
                    question: question.clone(),
                    workspace: workspace.clone(),
                    base: base.clone(),
                    tree: tree.clone(),
                    brief: brief.clone(),
                    transcript: Vec::new(),
                    inbox: Vec::new(),
                    condensed: None,
                    phase: LanePhase::Ready,
                    turns: 0,
                    granted: 0,
                    waiting: None,
                    room: None,
                    escalated: false,
                    guard: super::guard::Guard::default(),
                };
                self.lane_opened(opened, seq)?;
            }
            EventBody::LaneClosed { lane, .. } => self.close(lane, seq)?,
            EventBody::ModelCallStarted { step, lane, purpose, candidates, reserved } => {
                let lane = self.lane_mut(lane, seq)?;
                if *purpose != Purpose::Summarize {
                    lane.read_inbox();
                }
                lane.turns += 1;
                lane.phase = LanePhase::Calling {
                    step: step.clone(),
                    purpose: *purpose,
                    candidates: candidates.clone(),
                    reserved: *reserved,
                };
            }
            EventBody::ModelCallFinished { lane, reply, usage, cost, .. } => {
                self.spent(lane, usage, *cost);
                let lane = self.lane_mut(lane, seq)?;
                if let LanePhase::Calling { purpose, .. } = &lane.phase {
                    if *purpose == Purpose::Summarize {
                        lane.phase = LanePhase::Ready;
                    } else {
                        lane.replied(reply);
                    }
                }
            }
            EventBody::ModelCallFailed { lane, cost, too_long, .. } => {
                self.spent(lane, &Usage::default(), *cost);
                let lane = self.lane_mut(lane, seq)?;
                if *too_long {
                    lane.room = Some(lane.context_bytes() / 2);
                }
                if matches!(lane.phase, LanePhase::Calling { .. }) {
                    lane.phase = LanePhase::Ready;
                }
            }
            EventBody::ToolStarted { lane, .. } => {
                if let LanePhase::Tools { started, .. } = &mut self.lane_mut(lane, seq)?.phase {
                    *started = true;
                }
            }
            EventBody::ToolFinished { lane, content, is_error, tree, .. } => {
                let lane = self.lane_mut(lane, seq)?;
                if let Some(tree) = tree {
                    lane.tree = Some(tree.clone());
                }
                lane.tool_finished(content, *is_error);
            }
            EventBody::AnalysisSubmitted { lane, analysis } => {
                self.analysis = Some(analysis.clone());
                self.close(lane, seq)?;
            }
            EventBody::PlanSubmitted { lane, version, plan } => {
                let duty = self.lane_mut(lane, seq)?.duty;
                self.close(lane, seq)?;
                self.plan = Some(plan.clone());
                self.plan_version = *version;
                self.plan_rejected = None;
                self.plan_settled = duty == Duty::Agree || self.settler().is_none();
            }
            EventBody::SubtaskAdded { subtask, .. } => {
                self.subtasks.push(SubtaskState::new(subtask.clone()));
                self.fixes += 1;
            }
            EventBody::SubtaskAssigned { subtask, member, .. } => {
                self.adopt_plan();
                self.subtask_mut(subtask, seq)?.assignee = Some(member.clone());
            }
            EventBody::WorkSubmitted { lane, subtask, summary, commit, tree } => {
                let duty = self.lane_mut(lane, seq)?.duty;
                self.close(lane, seq)?;
                let subtask = self.subtask_mut(subtask, seq)?;
                subtask.stage =
                    if duty == Duty::Resolve { SubtaskStage::Resolved } else { SubtaskStage::Submitted };
                subtask.commit = Some(commit.clone());
                subtask.tree = Some(tree.clone());
                if duty != Duty::Resolve {
                    subtask.summary.clone_from(summary);
                }
            }
            EventBody::ReviewSubmitted { lane, subtask, review, .. } => {
                let reviewer = self.lane_mut(lane, seq)?.member.clone();
                self.close(lane, seq)?;
                match subtask {
                    Some(id) => {
                        let subtask = self.subtask_mut(id, seq)?;
                        subtask.stage = match review.verdict {
                            ReviewVerdict::Approve => SubtaskStage::Approved,
                            ReviewVerdict::RequestChanges => SubtaskStage::ChangesRequested,
                        };
                        subtask.reviews.push((reviewer, review.clone()));
                    }
                    None => self.whole.review = Some(review.clone()),
                }
            }
            EventBody::SubtaskMerged { subtask, commit, tree } => {
                let subtask = self.subtask_mut(subtask, seq)?;
                subtask.stage = SubtaskStage::Merged;
                subtask.conflict = None;
                self.head = Some(commit.clone());
                self.head_tree = Some(tree.clone());
                self.whole = WholeChecks::default();
            }
            EventBody::MergeConflicted { subtask, files, tree } => {
                let subtask = self.subtask_mut(subtask, seq)?;
                subtask.stage = SubtaskStage::Conflicted;
                subtask.conflicts += 1;
                subtask.conflict = Some((files.clone(), tree.clone()));
            }
            EventBody::TestReportSubmitted { lane, report, commit } => {
                let tree = self.lane_mut(lane, seq)?.tree.clone();
                self.close(lane, seq)?;
                self.whole.report = Some(report.clone());
                if let Some(commit) = commit {
                    self.head = Some(commit.clone());
                    self.head_tree = tree;
                    // The tester's own tests have yet to be seen passing by the engine.
                    self.whole.tests = None;
                }
            }
            EventBody::MessageSent { message } => self.deliver(message),
            EventBody::QuestionAsked { question } => self.asked(question, event)?,
            EventBody::QuestionAnswered { question, answer } => self.answered(question, answer, event)?,
            EventBody::Condensed { lane, upto, summary } => {
                self.lane_mut(lane, seq)?.condensed = Some((*upto, summary.clone()));
            }
            EventBody::LoopDetected { lane, evidence, action, .. } => {
                let lane = self.lane_mut(lane, seq)?;
                lane.guard.acted();
                match action {
                    GuardAction::Hint => lane.inbox.push(format!(
                        "You seem to run in circles: {evidence}. Look at what you have learned, and try another way; \
                         ask a teammate or a person where you cannot go on alone."
                    )),
                    GuardAction::Escalate => lane.escalated = true,
                    GuardAction::Block => {}
                }
            }
            EventBody::Paused {} => self.paused = true,
            EventBody::Resumed {} => self.paused = false,
            EventBody::ModelSwapped { member, model } => {
                let profile = RoutingProfile::single(model.clone());
                match member {
                    None => {
                        self.spec.models.profile = profile;
                        self.spec.squad.members.iter_mut().for_each(|member| member.profile = None);
                    }
                    Some(name) => {
                        let member = self.spec.squad.members.iter_mut().find(|member| &member.name == name);
                        member.ok_or_else(|| unknown(seq, "member", name))?.profile = Some(profile);
                    }
                }
            }
            EventBody::Delivered { delivery } => self.delivery = Some(delivery.clone()),
        }
        Ok(())
    }

    fn transition(&mut self, to: Status, reason: &str, event: &Event) -> Result<(), ApplyError> {
        let by_person = matches!(event.actor, Actor::Person(_));
        let allowed = self.status.may_become(to, self.return_to) && (to != Status::Cancelled || by_person);
        if !allowed {
            return Err(ApplyError::Transition { from: self.status, to });
        }
        self.return_to = (to == Status::Blocked).then_some(self.status);
        if to.is_terminal() {
            self.lanes.values_mut().for_each(|lane| lane.phase = LanePhase::Closed);
        }
        self.status = to;
        reason.clone_into(&mut self.reason);
        self.since = event.at;
        Ok(())
    }

    fn lane_opened(&mut self, lane: Lane, seq: u64) -> Result<(), ApplyError> {
        match (lane.duty, &lane.subtask) {
            (Duty::Work, Some(id)) => {
                let base = lane.base.clone();
                let round = lane.round;
                let subtask = self.subtask_mut(id, seq)?;
                subtask.stage = SubtaskStage::Working;
                subtask.round = round;
                subtask.base.get_or_insert(base);
            }
            (Duty::Review, None) | (Duty::Test, _) => self.whole_lanes += 1,
            _ => {}
        }
        self.lanes.insert(lane.id.clone(), lane);
        Ok(())
    }

    fn close(&mut self, lane: &LaneId, seq: u64) -> Result<(), ApplyError> {
        let lane = self.lane_mut(lane, seq)?;
        lane.phase = LanePhase::Closed;
        lane.waiting = None;
        Ok(())
    }

    /// The plan's sub-tasks become work the first time that one of them is assigned.
    fn adopt_plan(&mut self) {
        if self.subtasks.is_empty()
            && let Some(plan) = &self.plan
        {
            self.subtasks = plan.subtasks.iter().cloned().map(SubtaskState::new).collect();
        }
    }

    fn spent(&mut self, lane: &LaneId, usage: &Usage, cost: MicroUsd) {
        if let Some(lane) = self.lanes.get(lane) {
            let spending = self.spending.entry(lane.member.clone()).or_default();
            spending.usage.add(usage);
            spending.cost += cost;
            spending.calls += 1;
        }
    }

    fn deliver(&mut self, message: &AgentMessage) {
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
        for lane in self.lanes.values_mut().filter(|lane| lane.is_open()) {
            let addressed = match &message.to {
                Recipient::Everyone => message.from != Actor::Member(lane.member.clone()),
                Recipient::Member(name) => name == &lane.member,
                Recipient::Person => false,
            };
            if addressed {
                lane.inbox.push(format!("{from}: {}", message.content));
            }
        }
    }

    fn asked(&mut self, question: &Question, event: &Event) -> Result<(), ApplyError> {
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

    fn answered(&mut self, id: &QuestionId, answer: &Answer, event: &Event) -> Result<(), ApplyError> {
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
            (Subject::Budget { .. }, Answer::RaiseBudget { limit }) => self.raise_budget(&question, *limit),
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
                self.remember_remark(&event.actor, note);
            }
            _ => {}
        }
        Ok(())
    }

    fn raise_budget(&mut self, question: &Question, limit: MicroUsd) {
        match &question.from {
            Actor::Member(name) => {
                if let Some(member) = self.spec.squad.members.iter_mut().find(|member| &member.name == name) {
                    member.budget = Some(limit);
                }
            }
            _ => self.spec.budget = Some(limit),
        }
    }

    /// A person's remark on the whole is told to whoever works from now on, as a message would be.
    fn remember_remark(&mut self, actor: &Actor, note: &str) {
        if !note.trim().is_empty() {
            self.deliver(&AgentMessage {
                from: actor.clone(),
                to: Recipient::Everyone,
                kind: MessageKind::StatusUpdate,
                content: note.to_owned(),
            });
        }
    }

    fn lane_mut(&mut self, id: &LaneId, seq: u64) -> Result<&mut Lane, ApplyError> {
        self.lanes.get_mut(id).ok_or_else(|| unknown(seq, "lane", id))
    }

    fn subtask_mut(&mut self, id: &SubtaskId, seq: u64) -> Result<&mut SubtaskState, ApplyError> {
        self.subtasks
            .iter_mut()
            .find(|subtask| &subtask.spec.id == id)
            .ok_or_else(|| unknown(seq, "sub-task", id))
    }

    /// The sub-task of that id.
    #[must_use]
    pub fn subtask(&self, id: &SubtaskId) -> Option<&SubtaskState> {
        self.subtasks.iter().find(|subtask| &subtask.spec.id == id)
    }

    /// The member of that name, as the log left it.
    #[must_use]
    pub fn member(&self, name: &MemberName) -> Option<&Member> {
        self.spec.squad.member(name)
    }

    /// Who settles plans; `None`: the planner's word is the plan.
    #[must_use]
    pub fn settler(&self) -> Option<&Member> {
        let squad = &self.spec.squad;
        let planner = squad.holder(Duty::Plan, &Default::default())?;
        squad.holder(Duty::Agree, &[planner.name.clone()].into())
    }

    /// The questions without an answer, in the order asked.
    pub fn open_questions(&self) -> impl Iterator<Item = &Question> {
        let mut open: Vec<&QuestionState> =
            self.questions.values().filter(|asked| asked.answer.is_none()).collect();
        open.sort_by_key(|asked| asked.question.number());
        open.into_iter().map(|asked| &asked.question)
    }

    /// The id of the next question.
    #[must_use]
    pub fn next_question(&self) -> QuestionId {
        QuestionId(format!("q{}", self.questions.len() + 1))
    }

    /// What the execution has cost so far.
    #[must_use]
    pub fn cost(&self) -> MicroUsd {
        self.spending.values().map(|spending| spending.cost).sum()
    }

    /// What the plan may cost: each sub-task is work and review, and so far analysis and plan took as many lanes. So
    /// the mean cost of a lane up to now, twice per sub-task, and twice for reviewing and testing the whole. Rough on
    /// purpose, and always shown as an estimate. `None` before there is a plan.
    #[must_use]
    pub fn estimate(&self) -> Option<MicroUsd> {
        let subtasks = self.plan.as_ref()?.subtasks.len() as u64;
        let lanes = (self.lanes.len() as u64).max(1);
        Some(MicroUsd::from_micros(self.cost().micros() / lanes * (2 * subtasks + 2)))
    }

    /// The tool call that a started, unfinished step of the lane performs.
    #[must_use]
    pub fn tool_call(&self, lane: &LaneId) -> Option<&ToolCall> {
        self.lanes.get(lane)?.current_tool().map(|(_, call, _)| call)
    }
}

fn remark(lane: &mut Lane, actor: &Actor, note: &str) {
    if !note.trim().is_empty() {
        lane.inbox.push(format!("{}, the person you work for, says: {note}", actor.name()));
    }
}

fn unknown(seq: u64, what: &str, id: &impl std::fmt::Display) -> ApplyError {
    ApplyError::Unknown { seq, what: format!("{what} `{id}`") }
}
