//! Events: the single truth of an execution.
//!
//! An event's kind and payload are stored and streamed for ever. Add kinds and optional fields; never change the
//! meaning of one that exists.

use super::guard::{GuardAction, LoopPattern};
use super::spec::ExecutionSpec;
use super::status::Status;
use crate::Timestamp;
use crate::conversation::Reply;
use crate::duty::Duty;
use crate::ids::{CommitId, LaneId, MemberName, QuestionId, StepKey, SubtaskId, TreeId};
use crate::mcp::{McpName, McpTool};
use crate::message::{Actor, AgentMessage};
use crate::model::{ModelRef, Purpose, Usage};
use crate::money::MicroUsd;
use crate::plan::{Analysis, Plan, Subtask};
use crate::question::{Answer, Question};
use crate::review::{Review, TestReport};
use crate::tests_run::{TestCommand, TestRun, TestStage};
use serde::{Deserialize, Serialize};

/// An event as stored. In JSON: `{"seq", "at", "actor", "kind", "payload"}`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Event {
    /// Its place in the log of its execution, from 1, without gaps.
    pub seq: u64,
    /// When it was appended.
    #[serde(with = "time::serde::rfc3339")]
    pub at: Timestamp,
    /// Who caused it.
    pub actor: Actor,
    /// What happened.
    #[serde(flatten)]
    pub body: EventBody,
}

/// An event that is about to be appended.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct NewEvent {
    /// Who caused it.
    pub actor: Actor,
    /// What happened.
    pub body: EventBody,
}

impl NewEvent {
    /// Of the engine's own doing.
    #[must_use]
    pub fn engine(body: EventBody) -> Self {
        Self { actor: Actor::Engine, body }
    }

    /// Of a member's doing.
    #[must_use]
    pub fn member(name: &MemberName, body: EventBody) -> Self {
        Self { actor: Actor::Member(name.clone()), body }
    }

    /// Of a person's doing.
    #[must_use]
    pub fn person(name: &str, body: EventBody) -> Self {
        Self { actor: Actor::Person(name.to_owned()), body }
    }
}

/// One try of a model call.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Attempt {
    /// Which model was asked.
    pub model: ModelRef,
    /// `ok`, or what went wrong, in the provider's own words.
    pub outcome: String,
    /// How long it took, in milliseconds.
    pub latency_ms: u64,
}

/// Where a delivered branch is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Delivery {
    /// The branch.
    pub branch: String,
    /// Its tip.
    pub commit: CommitId,
    /// What it is based on.
    pub base: CommitId,
    /// The commits between, oldest first: `abc1234 subject`.
    pub commits: Vec<String>,
    /// `git diff --stat` of the whole.
    pub diff_stat: String,
    /// The repository that holds it, a path or a URL.
    pub location: String,
}

/// What happened.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", content = "payload", rename_all = "snake_case")]
pub enum EventBody {
    /// Somebody asked for the execution. Always the first event.
    ExecutionCreated {
        /// With what.
        spec: Box<ExecutionSpec>,
    },
    /// The state changed.
    StateChanged {
        /// From where.
        from: Status,
        /// To where.
        to: Status,
        /// Why, for people.
        reason: String,
    },
    /// The repository was imported and looked at; the sandbox holds.
    WorkspacePrepared {
        /// What everything is based on.
        base: CommitId,
        /// The branch that the base was the tip of, where there is one.
        base_branch: Option<String>,
        /// The sandbox tier in use.
        tier: String,
        /// The command that will be the gate, where one is known by now.
        test_command: Option<TestCommand>,
        /// The repository's `AGENTS.md`, bounded.
        guidance: Option<String>,
        /// An outline of the repository, bounded.
        map: String,
        /// What a person should know: submodules left out, a setup command not run, …
        notes: Vec<String>,
    },
    /// An MCP server said which tools it has. From here on they are what the log says, whatever the server says later.
    McpToolsFound {
        /// The server, as the person named it.
        server: McpName,
        /// What members may be offered.
        tools: Vec<McpTool>,
        /// Tools that are not offered, and why.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        left_out: Vec<String>,
    },
    /// The engine starts a run of the tests.
    TestsStarted {
        /// When.
        stage: TestStage,
        /// On which commit.
        commit: CommitId,
        /// What is run; `None` while it is being found out which candidate runs here.
        command: Option<String>,
    },
    /// The engine ran the tests.
    TestsFinished {
        /// How it went.
        run: TestRun,
        /// The command that turned out to run here, where that was open.
        test_command: Option<TestCommand>,
    },
    /// No test command is given, and none that was found runs here.
    NoTestsFound {
        /// What was tried, and why it does not run.
        tried: Vec<String>,
    },
    /// A member takes up a duty.
    LaneOpened {
        /// The lane.
        lane: LaneId,
        /// Who.
        member: MemberName,
        /// What for.
        duty: Duty,
        /// For which sub-task.
        subtask: Option<SubtaskId>,
        /// Counts from 1 where a duty is done again.
        round: u32,
        /// The worktree that its tools see.
        workspace: String,
        /// The commit that the worktree starts from.
        base: CommitId,
        /// The files that it starts from, where they are not the commit's.
        tree: Option<TreeId>,
        /// The question that it answers.
        question: Option<QuestionId>,
        /// The first message.
        brief: String,
    },
    /// A lane ended without handing anything over.
    LaneClosed {
        /// The lane.
        lane: LaneId,
        /// Why.
        reason: String,
    },
    /// A model call is about to be made; its worst case is reserved.
    ModelCallStarted {
        /// The step.
        step: StepKey,
        /// For which lane.
        lane: LaneId,
        /// What for.
        purpose: Purpose,
        /// Which models may be asked, in order.
        candidates: Vec<ModelRef>,
        /// What is set aside for it on every budget of its path.
        reserved: MicroUsd,
    },
    /// A model answered; its cost is settled.
    ModelCallFinished {
        /// The step.
        step: StepKey,
        /// For which lane.
        lane: LaneId,
        /// Which model answered.
        model: ModelRef,
        /// What it said.
        reply: Reply,
        /// What it used.
        usage: Usage,
        /// Whether the usage is an estimate, because the provider did not tell it.
        #[serde(default)]
        estimated: bool,
        /// What it cost.
        cost: MicroUsd,
        /// From request to last byte, in milliseconds.
        latency_ms: u64,
        /// From request to first token, in milliseconds.
        first_token_ms: Option<u64>,
        /// Every try, the last one among them.
        attempts: Vec<Attempt>,
    },
    /// No model answered.
    ModelCallFailed {
        /// The step.
        step: StepKey,
        /// For which lane.
        lane: LaneId,
        /// Why, in the provider's own words.
        message: String,
        /// What it cost all the same.
        cost: MicroUsd,
        /// Whether the conversation is too long for the model, so that condensing it helps.
        #[serde(default)]
        too_long: bool,
        /// Every try.
        attempts: Vec<Attempt>,
    },
    /// A tool call is about to be performed.
    ToolStarted {
        /// The step.
        step: StepKey,
        /// For which lane.
        lane: LaneId,
        /// The tool.
        tool: String,
        /// What it is about to do, in one line, for people: a path, a command, …
        summary: String,
    },
    /// A tool call was performed.
    ToolFinished {
        /// The step.
        step: StepKey,
        /// For which lane.
        lane: LaneId,
        /// The tool.
        tool: String,
        /// What the model is told, bounded.
        content: String,
        /// Whether it went wrong.
        is_error: bool,
        /// The files as they are now, where they changed.
        tree: Option<TreeId>,
        /// How long it took, in milliseconds.
        duration_ms: u64,
    },
    /// The analysis is done; ends its lane.
    AnalysisSubmitted {
        /// The lane.
        lane: LaneId,
        /// The analysis.
        analysis: Analysis,
    },
    /// A plan was submitted; ends its lane. The last version is the one that counts.
    PlanSubmitted {
        /// The lane.
        lane: LaneId,
        /// Counts from 1.
        version: u32,
        /// The plan.
        plan: Plan,
    },
    /// A sub-task was added by the engine, to mend what a check found.
    SubtaskAdded {
        /// The sub-task.
        subtask: Subtask,
        /// What found it.
        cause: String,
    },
    /// A sub-task was given to a member.
    SubtaskAssigned {
        /// The sub-task.
        subtask: SubtaskId,
        /// To whom.
        member: MemberName,
        /// How well the member fits, 0 to 100.
        score: u32,
        /// Why, part by part.
        reasons: Vec<String>,
    },
    /// A sub-task's work, or a resolved conflict, was handed over; ends its lane.
    WorkSubmitted {
        /// The lane.
        lane: LaneId,
        /// The sub-task.
        subtask: SubtaskId,
        /// What was done.
        summary: String,
        /// The work.
        commit: CommitId,
        /// Its files.
        tree: TreeId,
    },
    /// A review was handed over; ends its lane.
    ReviewSubmitted {
        /// The lane.
        lane: LaneId,
        /// The sub-task; `None`: the merged whole.
        subtask: Option<SubtaskId>,
        /// The reviewed commit.
        commit: CommitId,
        /// The review.
        review: Review,
    },
    /// A sub-task's work is in the execution's branch.
    SubtaskMerged {
        /// The sub-task.
        subtask: SubtaskId,
        /// The new tip of the execution's branch.
        commit: CommitId,
        /// Its files.
        tree: TreeId,
    },
    /// A sub-task's work does not merge by itself.
    MergeConflicted {
        /// The sub-task.
        subtask: SubtaskId,
        /// The files in conflict.
        files: Vec<String>,
        /// Both sides, with markers.
        tree: TreeId,
    },
    /// The tester's report; ends its lane.
    TestReportSubmitted {
        /// The lane.
        lane: LaneId,
        /// The report.
        report: TestReport,
        /// The new tip of the execution's branch, where the tester added tests.
        commit: Option<CommitId>,
    },
    /// Somebody said something to somebody.
    MessageSent {
        /// The message.
        #[serde(flatten)]
        message: AgentMessage,
    },
    /// A question was asked.
    QuestionAsked {
        /// The question.
        #[serde(flatten)]
        question: Question,
    },
    /// A question was answered.
    QuestionAnswered {
        /// Which.
        question: QuestionId,
        /// The answer.
        answer: Answer,
    },
    /// Something worth keeping was remembered.
    Remembered {
        /// The lane.
        lane: LaneId,
        /// What.
        text: String,
        /// Under which words.
        tags: Vec<String>,
    },
    /// Older turns of a lane were condensed. Nothing in the log is deleted; only what the model is shown.
    Condensed {
        /// The lane.
        lane: LaneId,
        /// So many messages of the lane's conversation, from its start, are represented by the summary.
        upto: usize,
        /// The summary.
        summary: String,
    },
    /// A lane runs in circles.
    LoopDetected {
        /// The lane.
        lane: LaneId,
        /// In which way.
        pattern: LoopPattern,
        /// What was seen.
        evidence: String,
        /// What is done about it.
        action: GuardAction,
    },
    /// A command in the sandbox asked for the network.
    NetworkRequested {
        /// The lane.
        lane: LaneId,
        /// The host.
        host: String,
        /// The port.
        port: u16,
        /// Whether it was let through.
        allowed: bool,
    },
    /// A step failed for a reason outside of the squad; a question says what to do.
    StepFailed {
        /// The step.
        step: StepKey,
        /// Why.
        message: String,
    },
    /// A person paused the execution: what is under way ends, nothing new starts.
    Paused {},
    /// A person lets it go on.
    Resumed {},
    /// A person changed a model: of one member, or of all.
    ModelSwapped {
        /// Whose; `None`: everybody's.
        member: Option<MemberName>,
        /// The new model.
        model: ModelRef,
    },
    /// A person set a budget: of one member within the execution, or of the execution.
    BudgetSet {
        /// Whose; `None`: the execution's.
        member: Option<MemberName>,
        /// The whole new limit.
        limit: MicroUsd,
    },
    /// Another worker took the execution up after the one before it was gone.
    TakenUp {
        /// The worker.
        worker: String,
    },
    /// The branch is where it belongs.
    Delivered {
        /// Where.
        delivery: Delivery,
    },
}

impl EventBody {
    /// The kind as stored and streamed: `tool_finished`.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        match self {
            Self::ExecutionCreated { .. } => "execution_created",
            Self::StateChanged { .. } => "state_changed",
            Self::WorkspacePrepared { .. } => "workspace_prepared",
            Self::McpToolsFound { .. } => "mcp_tools_found",
            Self::TestsStarted { .. } => "tests_started",
            Self::TestsFinished { .. } => "tests_finished",
            Self::NoTestsFound { .. } => "no_tests_found",
            Self::LaneOpened { .. } => "lane_opened",
            Self::LaneClosed { .. } => "lane_closed",
            Self::ModelCallStarted { .. } => "model_call_started",
            Self::ModelCallFinished { .. } => "model_call_finished",
            Self::ModelCallFailed { .. } => "model_call_failed",
            Self::ToolStarted { .. } => "tool_started",
            Self::ToolFinished { .. } => "tool_finished",
            Self::AnalysisSubmitted { .. } => "analysis_submitted",
            Self::PlanSubmitted { .. } => "plan_submitted",
            Self::SubtaskAdded { .. } => "subtask_added",
            Self::SubtaskAssigned { .. } => "subtask_assigned",
            Self::WorkSubmitted { .. } => "work_submitted",
            Self::ReviewSubmitted { .. } => "review_submitted",
            Self::SubtaskMerged { .. } => "subtask_merged",
            Self::MergeConflicted { .. } => "merge_conflicted",
            Self::TestReportSubmitted { .. } => "test_report_submitted",
            Self::MessageSent { .. } => "message_sent",
            Self::QuestionAsked { .. } => "question_asked",
            Self::QuestionAnswered { .. } => "question_answered",
            Self::Remembered { .. } => "remembered",
            Self::Condensed { .. } => "condensed",
            Self::LoopDetected { .. } => "loop_detected",
            Self::NetworkRequested { .. } => "network_requested",
            Self::StepFailed { .. } => "step_failed",
            Self::Paused {} => "paused",
            Self::Resumed {} => "resumed",
            Self::ModelSwapped { .. } => "model_swapped",
            Self::BudgetSet { .. } => "budget_set",
            Self::TakenUp { .. } => "taken_up",
            Self::Delivered { .. } => "delivered",
        }
    }
}
