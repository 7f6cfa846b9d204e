//! The files of one execution: its private clone, its worktrees and the sandbox sessions on them.

use crate::perform::Fault;
use squad_domain::execution::ExecutionSpec;
use squad_domain::ids::{CommitId, ExecutionId, SubtaskId, TreeId};
use squad_sandbox::{
    Command, EgressEvent, EgressLog, ExecOptions, Limits, ReadOnlyMount, Sandbox, Session, WorkspaceSpec,
    workspace_owner,
};
use squad_workspace::{Import, Owner, Repository, Source, Workspace};
use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError};
use std::time::Duration;
use tokio::sync::{Mutex, OnceCell};
use tokio_util::sync::CancellationToken;
use tokio_util::task::AbortOnDropHandle;

/// The worktree in which the engine itself runs the tests. No member ever works in it, so nothing that a member leaves
/// behind (ignored files, caches) can turn the gate.
pub(crate) const GATE: &str = "gate";
/// The worktree with the base's files, for those who only read.
pub(crate) const BASE: &str = "base";
/// The worktree with the merged whole, for those who review it.
pub(crate) const WHOLE: &str = "whole";
/// The worktree in which the tester works.
pub(crate) const TEST: &str = "test";

/// The worktree of a sub-task. A plan chooses the ids of its sub-tasks; none of them may name a worktree of ours.
pub(crate) fn of(subtask: &SubtaskId) -> String {
    format!("work-{subtask}")
}
/// The worktree in which the setup command runs, on the base.
const SETUP: &str = "setup";
/// How long the setup command may take. Installing what a large project needs takes minutes.
const SETUP_TIME: Duration = Duration::from_mins(30);
/// Lines of a failed setup command that a person is shown.
const SETUP_LINES: usize = 12;

/// What is run once per execution before anything else.
#[derive(Debug, Clone)]
pub(crate) struct Setup {
    pub(crate) command: String,
    pub(crate) hosts: Vec<String>,
}

/// A worktree, and the hosts that its commands may reach.
type SessionKey = (String, Vec<String>);

/// A session, and the requests that its commands made and nobody has recorded yet.
#[derive(Clone)]
pub(crate) struct OpenSession {
    pub(crate) session: Arc<dyn Session>,
    requests: Arc<std::sync::Mutex<Vec<EgressEvent>>>,
}

impl OpenSession {
    /// The requests since the last time.
    pub(crate) fn take_requests(&self) -> Vec<EgressEvent> {
        std::mem::take(&mut *self.requests.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// The files of one execution.
pub(crate) struct Workspaces {
    execution: ExecutionId,
    /// `<data>/executions/<id>`.
    folder: PathBuf,
    /// `<data>/caches/<repository>`.
    caches: PathBuf,
    source: String,
    sandbox: Arc<dyn Sandbox>,
    setup: Option<Setup>,
    import: OnceCell<Import>,
    /// The worktree that the setup command ran in.
    prepared: OnceCell<Workspace>,
    /// One per worktree and set of granted hosts.
    sessions: Mutex<HashMap<SessionKey, OpenSession>>,
    /// The tree that each worktree is known to hold. Absent: it has to be restored first.
    present: Mutex<HashMap<String, (TreeId, Workspace)>>,
    /// The making of a spare worktree, while the members think.
    ahead: std::sync::Mutex<Option<AbortOnDropHandle<()>>>,
    /// Ends what is made ahead: the execution was cancelled, or this worker stops.
    cancel: CancellationToken,
}

impl Workspaces {
    pub(crate) fn new(
        execution: ExecutionId,
        data: &Path,
        spec: &ExecutionSpec,
        sandbox: Arc<dyn Sandbox>,
        cancel: CancellationToken,
    ) -> Self {
        let source = spec.repository.as_str();
        let setup =
            spec.setup_command.clone().map(|command| Setup { command, hosts: spec.setup_hosts.clone() });
        Self {
            execution,
            folder: folder(data, execution),
            caches: data.join("caches").join(cache_name(source)),
            source: source.to_owned(),
            sandbox,
            setup,
            import: OnceCell::new(),
            prepared: OnceCell::new(),
            sessions: Mutex::new(HashMap::new()),
            present: Mutex::new(HashMap::new()),
            ahead: std::sync::Mutex::new(None),
            cancel,
        }
    }

    pub(crate) fn source(&self) -> Result<Source, Fault> {
        Ok(self.source.parse::<Source>()?)
    }

    pub(crate) fn sandbox(&self) -> &Arc<dyn Sandbox> {
        &self.sandbox
    }

    /// The private clone, made on first use.
    pub(crate) async fn import(&self) -> Result<&Import, Fault> {
        let source = self.source()?;
        Ok(self.import.get_or_try_init(|| Repository::import(&source, &self.folder)).await?)
    }

    pub(crate) async fn repository(&self) -> Result<&Repository, Fault> {
        Ok(&self.import().await?.repository)
    }

    /// The worktree `name` with exactly the files of `tree`, or of `commit` where no tree is given.
    pub(crate) async fn open(
        &self,
        name: &str,
        commit: &CommitId,
        tree: Option<&TreeId>,
    ) -> Result<Workspace, Fault> {
        let repository = self.repository().await?;
        let commit: squad_workspace::CommitId = commit.as_str().parse()?;
        let tree = match tree {
            Some(tree) => tree.as_str().parse()?,
            None => repository.tree_of(&commit).await?,
        };
        let known = TreeId(tree.to_string());
        if let Some((held, workspace)) = self.present.lock().await.get(name)
            && *held == known
            && *workspace.head() == commit
        {
            return Ok(workspace.clone());
        }
        let owner = workspace_owner().map(|(uid, gid)| Owner { uid, gid });
        let workspace = repository.ensure_worktree(name, &commit, &tree, owner).await?;
        // The gate's worktree follows the base's at once, and two that are made at the same time slow each other down.
        // The tester comes last: after it one is needed only if something has to be fixed.
        if !matches!(name, SETUP | BASE | TEST) {
            self.prepare_spare(repository, commit, owner);
        }
        if let Some(setup) = self.setup.as_ref().filter(|_| !matches!(name, SETUP | BASE | WHOLE)) {
            self.hand_on(setup, &workspace).await?;
        }
        self.present.lock().await.insert(name.to_owned(), (known, workspace.clone()));
        Ok(workspace)
    }

    /// Begins to make the worktree that the next sub-task takes, unless one is being made already.
    fn prepare_spare(
        &self,
        repository: &Repository,
        commit: squad_workspace::CommitId,
        owner: Option<Owner>,
    ) {
        let mut ahead = self.ahead.lock().unwrap_or_else(PoisonError::into_inner);
        if ahead.as_ref().is_some_and(|task| !task.is_finished()) {
            return;
        }
        let (repository, cancel, execution) = (repository.clone(), self.cancel.clone(), self.execution);
        let making = async move {
            let made = cancel.run_until_cancelled(repository.prepare_spare(&commit, owner)).await;
            if let Some(Err(error)) = made {
                tracing::warn!(%execution, %error, "no spare worktree could be made");
            }
        };
        *ahead = Some(AbortOnDropHandle::new(tokio::spawn(making)));
    }

    /// Gives a worktree what the setup command left, once. The note that it was given is outside of its reach.
    async fn hand_on(&self, setup: &Setup, workspace: &Workspace) -> Result<(), Fault> {
        let note = self.folder.join("shared").join(workspace.name());
        if note.exists() {
            return Ok(());
        }
        let prepared = self.prepared.get_or_try_init(|| Box::pin(self.set_up(setup))).await?;
        prepared.share_ignored(workspace).await?;
        write_note(&note)
    }

    /// Runs the setup command on the base, once; a run that was cut short is run again.
    async fn set_up(&self, setup: &Setup) -> Result<Workspace, Fault> {
        let base = CommitId(self.import().await?.base.to_string());
        let workspace = self.open(SETUP, &base, None).await?;
        let note = self.folder.join("shared").join(SETUP);
        if note.exists() {
            return Ok(workspace);
        }
        let session = self.session(&workspace, &setup.hosts, SETUP_TIME).await?;
        let command = Command {
            command: setup.command.clone(),
            env: workspace.sandbox_environment(),
            timeout: Some(SETUP_TIME),
            ..Command::default()
        };
        let result = session.session.exec(command, ExecOptions::default()).await?;
        if !result.status.success() {
            let ended = squad_agents::tools::ended(result.status, SETUP_TIME);
            return Err(Fault(setup_failed(setup, &ended, &result.output.text)));
        }
        write_note(&note)?;
        Ok(workspace)
    }

    /// Runs the setup command now, where there is one, so that its failure is known before anything is paid for.
    pub(crate) async fn ready(&self) -> Result<(), Fault> {
        if let Some(setup) = &self.setup {
            self.prepared.get_or_try_init(|| Box::pin(self.set_up(setup))).await?;
        }
        Ok(())
    }

    /// From here on the worktree's files are not known, until they are checkpointed.
    pub(crate) async fn touched(&self, name: &str) {
        self.present.lock().await.remove(name);
    }

    /// Writes the worktree's files down as a tree.
    pub(crate) async fn checkpoint(&self, workspace: &Workspace) -> Result<TreeId, Fault> {
        let checkpoint = workspace.checkpoint().await?;
        for left_out in &checkpoint.left_out {
            tracing::warn!(execution = %self.execution, workspace = workspace.name(), reason = left_out.reason, "left out of a checkpoint");
        }
        let tree = TreeId(checkpoint.tree.to_string());
        self.present.lock().await.insert(workspace.name().to_owned(), (tree.clone(), workspace.clone()));
        Ok(tree)
    }

    /// A sandbox session on the worktree, kept for the next command.
    pub(crate) async fn session(
        &self,
        workspace: &Workspace,
        hosts: &[String],
        wall: Duration,
    ) -> Result<OpenSession, Fault> {
        let key = (workspace.name().to_owned(), hosts.to_vec());
        let mut sessions = self.sessions.lock().await;
        if let Some(session) = sessions.get(&key) {
            return Ok(session.clone());
        }
        let read_only = workspace
            .read_only_paths()
            .into_iter()
            .map(|host| ReadOnlyMount { inside: host.clone(), host })
            .collect();
        // The gate has a cache of its own: what members leave in theirs cannot reach it.
        let cache = if workspace.name() == GATE { "gate" } else { "members" };
        let requests = Arc::<std::sync::Mutex<Vec<EgressEvent>>>::default();
        let noted = Arc::clone(&requests);
        let egress_log = EgressLog::new(move |event| {
            noted.lock().unwrap_or_else(PoisonError::into_inner).push(event);
        });
        let session = self
            .sandbox
            .prepare(WorkspaceSpec {
                id: format!("{}/{}", self.execution.short(), workspace.name()),
                root: workspace.path(),
                read_only,
                cache_dir: Some(self.caches.join(cache)),
                hosts: hosts.to_vec(),
                egress_log,
                limits: Limits { wall, ..Limits::default() },
            })
            .await?;
        let open = OpenSession { session, requests };
        sessions.insert(key, open.clone());
        Ok(open)
    }

    /// Ends every session, and what is made ahead. The worktrees stay.
    pub(crate) async fn close(&self) {
        let ahead = self.ahead.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(task) = ahead {
            task.abort();
            // It ends as soon as its git is killed, or has come to its end just now.
            let _ = task.await;
        }
        let sessions: Vec<_> = self.sessions.lock().await.drain().map(|(_, session)| session).collect();
        for open in sessions {
            open.session.destroy().await;
        }
    }
}

/// What a person reads where the setup command fails: its last words, and what it most likely lacked.
fn setup_failed(setup: &Setup, ended: &str, output: &str) -> String {
    let output = squad_agents::tools::bounded_output(output);
    let lines: Vec<&str> = output.lines().filter(|line| !line.trim().is_empty()).collect();
    let last = lines[lines.len().saturating_sub(SETUP_LINES)..].join("\n");
    let hint = if setup.hosts.is_empty() {
        "; it had no network: name the hosts that it needs in `setup_hosts` of your `squad.toml`, and start again"
    } else {
        ""
    };
    format!("the setup command `{}` failed ({ended}){hint}. Its last words:\n{last}", setup.command)
}

fn write_note(note: &Path) -> Result<(), Fault> {
    let write = || {
        std::fs::create_dir_all(note.parent().unwrap_or(note))?;
        std::fs::write(note, "")
    };
    write().map_err(|error: std::io::Error| Fault(format!("cannot write `{}`: {error}", note.display())))
}

/// Where the files of an execution are.
pub(crate) fn folder(data: &Path, execution: ExecutionId) -> PathBuf {
    data.join("executions").join(execution.to_string())
}

/// A folder name for a repository: readable, and different for different repositories.
fn cache_name(source: &str) -> String {
    let last = source.trim_end_matches('/').rsplit('/').next().unwrap_or_default().trim_end_matches(".git");
    let readable: String =
        last.chars().filter(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_')).take(40).collect();
    // FNV-1a, 64 bit (offset basis and prime as published by Fowler, Noll and Vo): stable over versions.
    let hash = source.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    });
    format!("{readable}-{hash:016x}")
}
