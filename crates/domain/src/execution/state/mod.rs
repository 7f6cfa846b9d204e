//! The state of an execution, folded from its events.
//!
//! [`apply`] has one arm per kind of event; what people and members say to each other is in [`talk`].

mod apply;
mod talk;

pub use apply::ApplyError;

use super::event::Delivery;
use super::{ExecutionSpec, Lane, Status, SubtaskState};
use crate::Timestamp;
use crate::duty::Duty;
use crate::ids::{CommitId, LaneId, MemberName, QuestionId, SubtaskId, TreeId};
use crate::mcp::{McpName, McpServer, McpTool};
use crate::member::Member;
use crate::message::{Actor, AgentMessage};
use crate::model::Usage;
use crate::money::MicroUsd;
use crate::plan::{Analysis, Plan};
use crate::question::{Answer, Question};
use crate::review::{Review, TestReport};
use crate::tests_run::{TestCommand, TestRun};
use std::collections::BTreeMap;

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

/// A failed run of the tests on the merged whole, and what had been tried by then.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Failure {
    pub(super) run: TestRun,
    /// The files that it ran on.
    pub(super) tree: Option<TreeId>,
    /// Fixes added before it.
    pub(super) fixes: u32,
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
    /// The last two failures in a row on the whole, the latest last.
    failures: [Option<Failure>; 2],
    /// The number of fixes at which a person said to go on although a fix had changed nothing.
    stall_accepted: Option<u32>,
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
    /// The tools of others, by their server.
    pub mcp: BTreeMap<McpName, Vec<McpTool>>,
    /// Where the result is.
    pub delivery: Option<Delivery>,
}

impl ExecutionState {
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

    /// The tools of others that a member may call, with the server that has each.
    pub fn mcp_tools(&self, member: &Member) -> impl Iterator<Item = (&McpName, &McpServer, &McpTool)> {
        let served = self.mcp.iter().filter_map(move |(name, tools)| {
            let server = self.spec.mcp.get(name).filter(|server| server.serves(member.role))?;
            Some((name, server, tools))
        });
        served.flat_map(move |(name, server, tools)| {
            let allowed = tools.iter().filter(move |tool| member.may_use(&tool.name));
            allowed.map(move |tool| (name, server, tool))
        })
    }

    /// Who settles plans; `None`: the planner's word is the plan.
    #[must_use]
    pub fn settler(&self) -> Option<&Member> {
        let squad = &self.spec.squad;
        let planner = squad.holder(Duty::Plan, &Default::default())?;
        squad.holder(Duty::Agree, &[planner.name.clone()].into())
    }

    /// Whether the last fix changed nothing about the failure that it was for, and no person has said to go on.
    #[must_use]
    pub fn is_stalled(&self) -> bool {
        let [Some(before), Some(now)] = &self.failures else { return false };
        let same_files = now.tree.is_some() && before.tree == now.tree;
        let fixed_between = before.fixes < now.fixes;
        fixed_between
            && (same_files || now.run.fails_as(&before.run))
            && self.stall_accepted != Some(self.fixes)
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
}
