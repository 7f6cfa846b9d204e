//! How each event changes the state.

use super::{ExecutionState, Failure, Prepared, WholeChecks};
use crate::duty::Duty;
use crate::execution::guard::{Guard, GuardAction};
use crate::execution::{Event, EventBody, Lane, LanePhase, Status, SubtaskStage, SubtaskState};
use crate::ids::{LaneId, SubtaskId};
use crate::message::Actor;
use crate::model::{Purpose, RoutingProfile, Usage};
use crate::money::MicroUsd;
use crate::review::ReviewVerdict;
use crate::tests_run::{CommandSource, TestCommand, TestRun, TestStage};
use std::collections::BTreeMap;

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
            failures: [None, None],
            stall_accepted: None,
            head: None,
            head_tree: None,
            whole: WholeChecks::default(),
            whole_lanes: 0,
            lanes: BTreeMap::new(),
            questions: BTreeMap::new(),
            messages: Vec::new(),
            spending: BTreeMap::new(),
            exchanges: BTreeMap::new(),
            mcp: BTreeMap::new(),
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
            EventBody::McpToolsFound { server, tools, .. } => {
                self.mcp.insert(server.clone(), tools.clone());
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
                    TestStage::After => self.whole_tested(run),
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
                    guard: Guard::default(),
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
            EventBody::BudgetSet { member, limit } => self.set_budget(member.as_ref(), *limit),
            EventBody::Delivered { delivery } => self.delivery = Some(delivery.clone()),
        }
        Ok(())
    }

    fn whole_tested(&mut self, run: &TestRun) {
        self.whole.tests = Some(run.clone());
        let failure = Failure { run: run.clone(), tree: self.head_tree.clone(), fixes: self.fixes };
        let [_, last] = std::mem::take(&mut self.failures);
        self.failures = if run.passed() { [None, None] } else { [last, Some(failure)] };
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

    pub(super) fn lane_mut(&mut self, id: &LaneId, seq: u64) -> Result<&mut Lane, ApplyError> {
        self.lanes.get_mut(id).ok_or_else(|| unknown(seq, "lane", id))
    }

    pub(super) fn subtask_mut(&mut self, id: &SubtaskId, seq: u64) -> Result<&mut SubtaskState, ApplyError> {
        self.subtasks
            .iter_mut()
            .find(|subtask| &subtask.spec.id == id)
            .ok_or_else(|| unknown(seq, "sub-task", id))
    }
}

pub(super) fn unknown(seq: u64, what: &str, id: &impl std::fmt::Display) -> ApplyError {
    ApplyError::Unknown { seq, what: format!("{what} `{id}`") }
}
