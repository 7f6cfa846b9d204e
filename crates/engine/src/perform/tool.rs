//! One tool call that reads, changes files or runs a command.

use super::knowledge::{MemoriesOf, known};
use super::{Fault, Outcome, Surroundings};
use crate::feed::LiveText;
use squad_agents::mcp::McpCall;
use squad_agents::tools::{self, Invocation};
use squad_domain::duty::Duty;
use squad_domain::execution::spec::ExecutionLimits;
use squad_domain::execution::{EventBody, ExecutionState, Lane, NewEvent, SubtaskState};
use squad_domain::ids::{CommitId, LaneId, StepKey, TreeId};
use squad_domain::member::Member;
use squad_domain::review::TestReport;
use squad_domain::tool::Effect;
use squad_sandbox::EgressEvent;
use squad_workspace::{CommitRequest, Workspace};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// What the step does.
#[derive(Debug, Clone)]
pub(crate) enum Work {
    /// A tool of the agents' room.
    Tool(Invocation),
    /// A tool of an MCP server.
    Mcp(McpCall),
    /// Hand a sub-task's work, or a resolved conflict, over.
    HandOver { summary: String },
    /// Hand the tester's report over, with the tests that were added.
    Report(TestReport),
}

/// A tool call that is about to be performed. Carries just what it needs: a turn's cost must not grow with the
/// lane's history.
#[derive(Debug, Clone)]
pub(crate) struct ToolRun {
    pub(crate) step: StepKey,
    pub(crate) tool: String,
    pub(crate) member: Member,
    pub(crate) work: Work,
    /// Whether a worker that is gone had begun it.
    pub(crate) again: bool,
    pub(crate) lane: LaneId,
    pub(crate) duty: Duty,
    pub(crate) round: u32,
    pub(crate) workspace: String,
    pub(crate) base: CommitId,
    /// What `view_diff` compares with: for those who check the whole, the base of everything.
    pub(crate) since: CommitId,
    pub(crate) tree: Option<TreeId>,
    pub(crate) limits: ExecutionLimits,
    /// The task's title, for commits.
    pub(crate) title: String,
    /// The sub-task that is worked on.
    pub(crate) subtask: Option<Box<SubtaskState>>,
    /// Whose memories are searched.
    pub(crate) memories_of: MemoriesOf,
}

impl ToolRun {
    pub(crate) fn new(
        state: &ExecutionState,
        lane: &Lane,
        member: &Member,
        tool: &str,
        step: StepKey,
        work: Work,
        again: bool,
    ) -> Self {
        let spec = &state.spec;
        Self {
            step,
            tool: tool.to_owned(),
            member: member.clone(),
            work,
            again,
            lane: lane.id.clone(),
            duty: lane.duty,
            round: lane.round,
            workspace: lane.workspace.clone(),
            base: lane.base.clone(),
            since: since(state, lane),
            tree: lane.tree.clone(),
            limits: spec.limits.clone(),
            title: spec.task.title.clone(),
            subtask: lane.subtask.as_ref().and_then(|id| state.subtask(id)).cloned().map(Box::new),
            memories_of: MemoriesOf::new(state),
        }
    }

    fn finished(&self, content: String, is_error: bool, tree: Option<TreeId>, took: Duration) -> NewEvent {
        NewEvent::member(
            &self.member.name,
            EventBody::ToolFinished {
                step: self.step.clone(),
                lane: self.lane.clone(),
                tool: self.tool.clone(),
                content,
                is_error,
                tree,
                duration_ms: u64::try_from(took.as_millis()).unwrap_or(u64::MAX),
            },
        )
    }
}

fn since(state: &ExecutionState, lane: &Lane) -> CommitId {
    match (&state.prepared, lane.duty) {
        (Some(prepared), Duty::Review | Duty::Test) if lane.subtask.is_none() => prepared.base.clone(),
        _ => lane.base.clone(),
    }
}

pub(crate) async fn run(around: Surroundings, run: ToolRun) -> Outcome {
    let open = async || around.workspaces.open(&run.workspace, &run.base, run.tree.as_ref()).await;
    match &run.work {
        Work::Mcp(call) => ask_server(&around, &run, call).await,
        Work::Tool(invocation) => perform(&around, &run, &open().await?, invocation).await,
        Work::HandOver { summary } => submit_work(&around, &run, &open().await?, summary).await,
        Work::Report(report) => submit_report(&around, &run, &open().await?, report).await,
    }
}

async fn perform(
    around: &Surroundings,
    run: &ToolRun,
    workspace: &Workspace,
    invocation: &Invocation,
) -> Outcome {
    let wall = Duration::from_secs(run.limits.command_seconds);
    let open = match invocation {
        Invocation::Run { .. } => Some(around.workspaces.session(workspace, &run.member.hosts, wall).await?),
        _ => None,
    };
    let knowledge = match invocation {
        Invocation::SearchKnowledge { .. } => {
            Some(known(around, &run.memories_of, workspace, run.tree.as_ref()).await?)
        }
        _ => None,
    };
    let changes = matches!(invocation.effect(), Effect::Files | Effect::Command);
    if changes {
        around.workspaces.touched(workspace.name()).await;
    }
    let started = Instant::now();
    let surroundings = tools::Surroundings {
        workspace,
        session: open.as_ref().map(|open| Arc::clone(&open.session)),
        member: &run.member,
        base: run.since.as_str(),
        knowledge: knowledge.as_ref(),
        duty: run.duty,
        longest_command: wall,
        cancel: around.cancel.clone(),
        output: Some(live_output(around, run)),
    };
    let outcome = tools::perform(invocation, &surroundings).await;
    if around.cancel.is_cancelled() {
        return Err(Fault("stopped".to_owned()));
    }
    if outcome.fault {
        return Err(Fault(outcome.content));
    }
    let tree = if changes { Some(around.workspaces.checkpoint(workspace).await?) } else { None };
    let mut content = outcome.content;
    if run.again && matches!(invocation, Invocation::Run { .. }) {
        content = format!(
            "[The machine was restarted while this command ran. The files were put back to how they were before it, and it was run again.]\n{content}"
        );
    }
    // An unchanged tree is no new checkpoint.
    let tree = tree.filter(|tree| run.tree.as_ref() != Some(tree));
    let requests = open.map(|open| open.take_requests()).unwrap_or_default();
    let mut events: Vec<NewEvent> = requests.into_iter().map(|request| requested(run, request)).collect();
    events.push(run.finished(content, outcome.is_error, tree, started.elapsed()));
    Ok(events)
}

/// A call of somebody else's tool: it touches no file of ours, and needs no worktree.
async fn ask_server(around: &Surroundings, run: &ToolRun, call: &McpCall) -> Outcome {
    let started = Instant::now();
    let outcome = around.mcp.call(call, &around.cancel).await;
    if around.cancel.is_cancelled() {
        return Err(Fault("stopped".to_owned()));
    }
    Ok(vec![run.finished(outcome.content, outcome.is_error, None, started.elapsed())])
}

fn requested(run: &ToolRun, request: EgressEvent) -> NewEvent {
    let EgressEvent { host, port, allowed, .. } = request;
    NewEvent::member(
        &run.member.name,
        EventBody::NetworkRequested { lane: run.lane.clone(), host, port, allowed },
    )
}

/// What a command prints is shown while it runs.
fn live_output(around: &Surroundings, run: &ToolRun) -> squad_sandbox::OutputSink {
    let feed = around.feed.clone();
    let template = LiveText {
        execution: around.execution,
        lane: run.lane.clone(),
        member: run.member.name.clone(),
        text: None,
    };
    Arc::new(move |bytes: &[u8]| {
        feed.send(LiveText { text: Some(String::from_utf8_lossy(bytes).into_owned()), ..template.clone() });
    })
}

async fn submit_work(around: &Surroundings, run: &ToolRun, workspace: &Workspace, summary: &str) -> Outcome {
    let missing = || Fault(format!("lane `{}` has no sub-task", run.lane));
    let subtask = run.subtask.as_deref().ok_or_else(missing)?;
    let id = subtask.spec.id.clone();
    let tree = around.workspaces.checkpoint(workspace).await?;
    let (parents, subject) = match run.duty {
        Duty::Resolve => {
            let files: Vec<String> = subtask.conflict.iter().flat_map(|(files, _)| files.clone()).collect();
            let repository = around.workspaces.repository().await?;
            let left = repository.has_conflict_markers(&super::tree(&tree)?, &files).await?;
            if !left.is_empty() {
                let content = format!(
                    "There are conflict markers left in {}. Resolve them, then submit again.",
                    left.join(", ")
                );
                return Ok(vec![run.finished(content, true, None, Duration::ZERO)]);
            }
            let work = subtask.commit.clone().ok_or_else(missing)?;
            (vec![run.base.clone(), work], format!("Merge {id}: {}", subtask.spec.title))
        }
        _ => {
            let parent = subtask.commit.clone().unwrap_or_else(|| run.base.clone());
            let subject = if run.round > 1 {
                format!("{} (round {})", subtask.spec.title, run.round)
            } else {
                subtask.spec.title.clone()
            };
            (vec![parent], subject)
        }
    };
    let message = format!("{subject}\n\n{}\n\nSub-task: {id}", summary.trim());
    let commit = commit_tree(around, run, &tree, parents, message).await?;
    Ok(vec![NewEvent::member(
        &run.member.name,
        EventBody::WorkSubmitted {
            lane: run.lane.clone(),
            subtask: id,
            summary: summary.to_owned(),
            commit,
            tree,
        },
    )])
}

async fn submit_report(
    around: &Surroundings,
    run: &ToolRun,
    workspace: &Workspace,
    report: &TestReport,
) -> Outcome {
    let tree = around.workspaces.checkpoint(workspace).await?;
    let repository = around.workspaces.repository().await?;
    let before = repository.tree_of(&super::commit(&run.base)?).await?;
    let commit = if before.as_str() == tree.as_str() {
        None
    } else {
        let message = format!("Add tests: {}\n\n{}", run.title, report.summary.trim());
        Some(commit_tree(around, run, &tree, vec![run.base.clone()], message).await?)
    };
    let mut events = Vec::new();
    // The report closes the lane; the tree of what it hands over has to be known before.
    if commit.is_some() && run.tree.as_ref() != Some(&tree) {
        events.push(run.finished("Handed over.".to_owned(), false, Some(tree), Duration::ZERO));
    }
    events.push(NewEvent::member(
        &run.member.name,
        EventBody::TestReportSubmitted { lane: run.lane.clone(), report: report.clone(), commit },
    ));
    Ok(events)
}

/// A commit of the tree, unless its only parent has the same files already.
async fn commit_tree(
    around: &Surroundings,
    run: &ToolRun,
    tree: &TreeId,
    parents: Vec<CommitId>,
    message: String,
) -> Result<CommitId, Fault> {
    let repository = around.workspaces.repository().await?;
    if let [parent] = parents.as_slice()
        && repository.tree_of(&super::commit(parent)?).await?.as_str() == tree.as_str()
    {
        return Ok(parent.clone());
    }
    let request = CommitRequest {
        tree: super::tree(tree)?,
        parents: parents.iter().map(super::commit).collect::<Result<_, _>>()?,
        message,
        author: format!("{} ({})", run.member.name, run.member.role.title()),
        unix_seconds: around.clock.now().unix_timestamp(),
    };
    Ok(CommitId(repository.commit(&request).await?.to_string()))
}
