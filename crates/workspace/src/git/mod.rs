//! The `git` command line, with everything neutralized that a repository could use to start a program.

mod environment;
mod process;
mod version;

use std::ffi::{OsStr, OsString};
use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

pub(crate) use environment::Trust;
pub(crate) use process::{Output, redact};
pub use version::GitVersion;

use crate::error::{Error, Result};
use crate::owner::Owner;

/// Local operations end within seconds; this only catches what hangs.
const LOCAL_TIMEOUT: Duration = Duration::from_secs(120);
/// Enough for the listing of a tree with a million files.
const DEFAULT_LIMIT: usize = 256 << 20;

/// How git says that objects are missing or damaged; it has one exit status for everything that is fatal.
const DAMAGE: &[&str] = &[
    "is corrupt",
    "unable to read sha1 file",
    "unable to read tree",
    "unable to unpack",
    "missing blob",
    "missing tree",
    "missing commit",
    "not a tree object",
    "bad tree object",
    "does not match index",
    "inflate: ",
];

/// Which repository git works on. Always named explicitly: discovery would trust a `.git` that a stranger wrote.
#[derive(Debug, Clone, Default)]
pub(crate) struct Git {
    git_dir: Option<PathBuf>,
    work_tree: Option<PathBuf>,
    index: Option<PathBuf>,
    run_as: Option<Owner>,
    held: Option<Arc<File>>,
    in_background: bool,
}

impl Git {
    /// git outside of any repository (`clone`, `ls-remote`, `--version`).
    pub(crate) fn bare() -> Self {
        Self::default()
    }

    pub(crate) fn at(git_dir: impl Into<PathBuf>) -> Self {
        Self { git_dir: Some(git_dir.into()), ..Self::default() }
    }

    pub(crate) fn with_work_tree(&self, work_tree: impl Into<PathBuf>) -> Self {
        Self { work_tree: Some(work_tree.into()), ..self.clone() }
    }

    pub(crate) fn with_index(&self, index: impl Into<PathBuf>) -> Self {
        Self { index: Some(index.into()), ..self.clone() }
    }

    /// Runs git as the owner of a user's repository, so that a server that is root leaves no files there that the user cannot remove.
    pub(crate) fn running_as(&self, owner: Option<Owner>) -> Self {
        Self { run_as: owner, ..self.clone() }
    }

    /// Every git that is started keeps this lock until it ends, even if we are killed.
    pub(crate) fn holding(&self, lock: &Arc<File>) -> Self {
        Self { held: Some(Arc::clone(lock)), ..self.clone() }
    }

    /// git gives way to whatever else wants the processor.
    pub(crate) fn in_background(self) -> Self {
        Self { in_background: true, ..self }
    }

    pub(crate) fn command<I, S>(&self, args: I) -> Command<'_>
    where
        I: IntoIterator<Item = S>,
        S: AsRef<OsStr>,
    {
        Command {
            git: self,
            args: args.into_iter().map(|arg| arg.as_ref().to_owned()).collect(),
            directory: None,
            environment: Vec::new(),
            stdin: Stdin::Null,
            stdout: None,
            limit: DEFAULT_LIMIT,
            timeout: LOCAL_TIMEOUT,
            trust: Trust::Nothing,
            accepted: Vec::new(),
        }
    }
}

pub(crate) enum Stdin {
    Null,
    Bytes(Vec<u8>),
    File(File),
}

/// One run of git.
pub(crate) struct Command<'a> {
    git: &'a Git,
    args: Vec<OsString>,
    directory: Option<PathBuf>,
    environment: Vec<(&'static str, OsString)>,
    stdin: Stdin,
    stdout: Option<File>,
    limit: usize,
    timeout: Duration,
    trust: Trust,
    accepted: Vec<i32>,
}

impl Command<'_> {
    pub(crate) fn arg(mut self, arg: impl AsRef<OsStr>) -> Self {
        self.args.push(arg.as_ref().to_owned());
        self
    }

    pub(crate) fn args<I, S>(mut self, args: I) -> Self
    where
        I: IntoIterator<Item = S>,
        S: AsRef<OsStr>,
    {
        self.args.extend(args.into_iter().map(|arg| arg.as_ref().to_owned()));
        self
    }

    pub(crate) fn directory(mut self, path: &Path) -> Self {
        self.directory = Some(path.to_owned());
        self
    }

    pub(crate) fn env(mut self, key: &'static str, value: impl Into<OsString>) -> Self {
        self.environment.push((key, value.into()));
        self
    }

    pub(crate) fn stdin(mut self, stdin: Stdin) -> Self {
        self.stdin = stdin;
        self
    }

    /// Writes standard output to a file instead of keeping it in memory.
    pub(crate) fn stdout(mut self, file: File) -> Self {
        self.stdout = Some(file);
        self
    }

    /// Bytes of standard output that are kept; git is stopped beyond them and the output is marked as truncated.
    pub(crate) fn limit(mut self, bytes: usize) -> Self {
        self.limit = bytes;
        self
    }

    pub(crate) fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }

    pub(crate) fn trust(mut self, trust: Trust) -> Self {
        self.trust = trust;
        self
    }

    /// A non-zero exit status that is an answer, not an error.
    pub(crate) fn accept(mut self, status: i32) -> Self {
        self.accepted.push(status);
        self
    }

    /// Runs git to its end.
    ///
    /// # Errors
    /// When git is missing, runs too long, or ends with a status that is neither 0 nor accepted.
    pub(crate) async fn run(self) -> Result<Output> {
        let name = self.name();
        let accepted = self.accepted.clone();
        let output = process::run(self).await?;
        if output.status == 0 || output.truncated || accepted.contains(&output.status) {
            return Ok(output);
        }
        let stderr = match output.stderr.trim() {
            "" => "it said nothing".to_owned(),
            said => said.to_owned(),
        };
        if DAMAGE.iter().any(|words| stderr.contains(words)) {
            return Err(Error::Damaged { command: name, stderr });
        }
        Err(Error::Git { command: name, status: output.status, stderr })
    }

    /// Runs git and returns what it printed, without the line end.
    pub(crate) async fn line(self) -> Result<String> {
        Ok(self.run().await?.text().trim_end_matches('\n').to_owned())
    }

    fn name(&self) -> String {
        self.args.first().map(|arg| arg.to_string_lossy().into_owned()).unwrap_or_default()
    }
}
