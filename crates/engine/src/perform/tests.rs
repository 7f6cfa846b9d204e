//! The gate: the engine's own runs of the project's tests, in a worktree that no member touches.

use super::{Fault, Outcome, Surroundings};
use crate::workspaces::GATE;
use squad_domain::execution::{EventBody, ExecutionState, NewEvent};
use squad_domain::ids::CommitId;
use squad_domain::tests_run::{CommandSource, TestCommand, TestRun, TestStage};
use squad_sandbox::{Command, ExecOptions, ExecResult, ExitStatus, Session};
use squad_workspace::Workspace;
use squad_workspace::detect::Verdict;
use std::sync::Arc;
use std::time::Duration;

/// Runs the tests on `commit`. Where no command is known yet, the candidates found on the base are tried in their
/// order, and the first that runs here becomes the gate, whether its tests pass or not.
pub(crate) async fn run(
    around: Surroundings,
    state: &ExecutionState,
    stage: TestStage,
    commit: CommitId,
) -> Outcome {
    let workspace = around.workspaces.open(GATE, &commit, None).await?;
    let wall = Duration::from_secs(state.spec.limits.test_seconds);
    let session = around.workspaces.session(&workspace, &[], wall).await?;
    let session = session.session;
    let gate = Gate { around: &around, workspace: &workspace, session, stage, commit, wall };
    if let Some(known) = &state.test_command {
        let run = gate.run(&known.command).await?;
        return Ok(finished(run, None));
    }
    match stage {
        TestStage::Before => gate.find().await,
        TestStage::After => {
            // Nothing was found on the base. What stands in the merged whole is the members' own, and does not count
            // as found; the plan's command is what is left, and the report says so.
            let planned = state
                .plan
                .as_ref()
                .map(|plan| plan.test_command.trim())
                .filter(|command| !command.is_empty());
            let unknown = || {
                Fault("no test command is known; cancel, and start again with `--test-command`".to_owned())
            };
            let command = planned.ok_or_else(unknown)?;
            let run = gate.run(command).await?;
            Ok(finished(run, Some(TestCommand { command: command.to_owned(), source: CommandSource::Plan })))
        }
    }
}

fn finished(run: TestRun, test_command: Option<TestCommand>) -> Vec<NewEvent> {
    vec![NewEvent::engine(EventBody::TestsFinished { run, test_command })]
}

struct Gate<'a> {
    around: &'a Surroundings,
    workspace: &'a Workspace,
    session: Arc<dyn Session>,
    stage: TestStage,
    commit: CommitId,
    wall: Duration,
}

impl Gate<'_> {
    /// Tries what the repository's own files say, in order, until something runs here.
    async fn find(&self) -> Outcome {
        let mut tried = Vec::new();
        for candidate in squad_workspace::detect::detect(&self.workspace.path()).await?.tests {
            let run = self.run(&candidate.command).await?;
            match candidate.verdict(run.exit_code.unwrap_or(-1), &run.output) {
                Verdict::Ran => {
                    let found = TestCommand { command: candidate.command, source: CommandSource::Detected };
                    return Ok(finished(run, Some(found)));
                }
                Verdict::CannotRun(reason) => tried.push(format!("`{}` ({reason})", candidate.command)),
            }
        }
        Ok(vec![NewEvent::engine(EventBody::NoTestsFound { tried })])
    }

    async fn run(&self, command: &str) -> Result<TestRun, Fault> {
        let request = Command {
            command: command.to_owned(),
            env: self.workspace.sandbox_environment(),
            timeout: Some(self.wall),
            ..Command::default()
        };
        // What the tests write (snapshots, databases) must not be there for the next run.
        self.around.workspaces.touched(GATE).await;
        let options = ExecOptions { cancel: self.around.cancel.clone(), ..ExecOptions::default() };
        let result = self.session.exec(request, options).await?;
        if self.around.cancel.is_cancelled() {
            return Err(Fault("stopped".to_owned()));
        }
        Ok(TestRun {
            stage: self.stage,
            commit: self.commit.clone(),
            command: command.to_owned(),
            exit_code: exit_code(&result),
            ended: squad_agents::tools::ended(result.status, self.wall),
            output: squad_agents::tools::bounded_output(&result.output.text),
            duration_ms: u64::try_from(result.duration.as_millis()).unwrap_or(u64::MAX),
        })
    }
}

fn exit_code(result: &ExecResult) -> Option<i32> {
    match result.status {
        ExitStatus::Exited(code) => Some(code),
        _ => None,
    }
}
