//! Starting git, bounding its output and its time, and killing what it started.

use std::borrow::Cow;
use std::process::Stdio;
use std::sync::LazyLock;

use regex::Regex;
use rustix::process::{Pid, Signal, kill_process_group, setpriority_process};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWriteExt};
use tokio::process::Child;

use super::environment::neutralize;
use super::{Command, GitVersion, Stdin};
use crate::error::{Error, Result};

/// git's complaints are short; what a server on the other side sends through them need not be.
const STDERR_LIMIT: usize = 16 << 10;

/// As `nice` has it: the processor is there for others first, and for git before it idles.
const BACKGROUND: i32 = 10;

/// What git answered.
#[derive(Debug)]
pub(crate) struct Output {
    pub(crate) status: i32,
    pub(crate) stdout: Vec<u8>,
    pub(crate) stderr: String,
    /// Whether standard output went on beyond what was kept.
    pub(crate) truncated: bool,
}

impl Output {
    pub(crate) fn text(&self) -> Cow<'_, str> {
        String::from_utf8_lossy(&self.stdout)
    }
}

/// Kills git and its children (transports, pack writers) when the run is dropped or takes too long.
struct GroupGuard(Option<Pid>);

impl Drop for GroupGuard {
    fn drop(&mut self) {
        if let Some(group) = self.0 {
            // Gone already is as good as killed.
            let _ = kill_process_group(group, Signal::KILL);
        }
    }
}

pub(super) async fn run(command: Command<'_>) -> Result<Output> {
    let name = command.name();
    let timeout = command.timeout;
    let limit = command.limit;
    let (mut child, input) = spawn(command)?;
    let mut guard = GroupGuard(child.id().and_then(|id| Pid::from_raw(id.cast_signed())));
    let output = tokio::time::timeout(timeout, converse(&mut child, input, limit))
        .await
        .map_err(|_| Error::TimedOut { command: name.clone(), after: timeout })?
        .map_err(Error::io("run", format!("git {name}")))?;
    guard.0 = None;
    Ok(output)
}

fn spawn(command: Command<'_>) -> Result<(Child, Vec<u8>)> {
    let git = command.git;
    let mut process = tokio::process::Command::new("git");
    neutralize(&mut process, &command.trust);
    if let Some(git_dir) = &git.git_dir {
        process.arg("--git-dir").arg(git_dir);
    }
    if let Some(work_tree) = &git.work_tree {
        process.arg("--work-tree").arg(work_tree);
    }
    if let Some(index) = &git.index {
        process.env("GIT_INDEX_FILE", index);
    }
    if let Some(owner) = git.run_as {
        process.uid(owner.uid).gid(owner.gid);
    }
    let directory = command.directory.as_ref().or(git.work_tree.as_ref());
    process.current_dir(directory.map_or(std::path::Path::new("/"), |path| path));
    process.args(&command.args).envs(command.environment.iter().map(|(key, value)| (key, value)));
    let (stdin, input) = match command.stdin {
        Stdin::Null => match &git.held {
            // An empty file reads like `/dev/null`.
            Some(lock) => {
                (Stdio::from(lock.try_clone().map_err(Error::io("share", "the lock"))?), Vec::new())
            }
            None => (Stdio::null(), Vec::new()),
        },
        Stdin::Bytes(bytes) => (Stdio::piped(), bytes),
        Stdin::File(file) => (Stdio::from(file), Vec::new()),
    };
    process.stdin(stdin).stdout(command.stdout.map_or_else(Stdio::piped, Stdio::from)).stderr(Stdio::piped());
    // A group of its own, so that its children can be killed with it.
    process.process_group(0).kill_on_drop(true);
    let child = process.spawn().map_err(|source| match source.kind() {
        std::io::ErrorKind::NotFound if directory.is_none_or(|path| path.exists()) => {
            Error::GitMissing { minimum: GitVersion::MINIMUM }
        }
        _ => Error::Io {
            action: "start git in",
            path: directory.cloned().unwrap_or_else(|| "/".into()),
            source,
        },
    })?;
    if git.in_background
        && let Some(id) = child.id().and_then(|id| Pid::from_raw(id.cast_signed()))
    {
        // Linux derives the priority on the disk from it, too. Without it git is only less polite.
        let _ = setpriority_process(Some(id), BACKGROUND);
    }
    Ok((child, input))
}

async fn converse(child: &mut Child, input: Vec<u8>, limit: usize) -> std::io::Result<Output> {
    let stdin = child.stdin.take();
    let stdout = child.stdout.take();
    let stderr = child.stderr.take();
    let write = async move {
        if let Some(mut stdin) = stdin {
            // git may have its answer before it has read everything; its exit status tells what went wrong.
            let _ = stdin.write_all(&input).await;
        }
    };
    let ((), out, err) = tokio::join!(write, read_bounded(stdout, limit), read_tail(stderr));
    let (stdout, truncated) = out?;
    let stderr = redact(&String::from_utf8_lossy(&err?)).into_owned();
    let status = child.wait().await?.code().unwrap_or(-1);
    Ok(Output { status, stdout, stderr, truncated })
}

/// Reads at most `limit` bytes, then closes the pipe, which ends git.
async fn read_bounded(
    pipe: Option<impl AsyncRead + Unpin>,
    limit: usize,
) -> std::io::Result<(Vec<u8>, bool)> {
    let mut kept = Vec::new();
    let Some(pipe) = pipe else { return Ok((kept, false)) };
    pipe.take(limit as u64 + 1).read_to_end(&mut kept).await?;
    let truncated = kept.len() > limit;
    kept.truncate(limit);
    Ok((kept, truncated))
}

/// Reads everything and keeps the end, where git says what was fatal.
async fn read_tail(pipe: Option<impl AsyncRead + Unpin>) -> std::io::Result<Vec<u8>> {
    let mut kept = Vec::new();
    let Some(mut pipe) = pipe else { return Ok(kept) };
    let mut buffer = [0; 4096];
    loop {
        let read = pipe.read(&mut buffer).await?;
        if read == 0 {
            return Ok(kept);
        }
        kept.extend_from_slice(&buffer[..read]);
        if kept.len() > 2 * STDERR_LIMIT {
            kept.drain(..kept.len() - STDERR_LIMIT);
        }
    }
}

/// Removes user names, passwords and tokens from URLs. The user of an `ssh://` URL is no secret, and stays.
pub(crate) fn redact(text: &str) -> Cow<'_, str> {
    static CREDENTIALS: LazyLock<Regex> =
        LazyLock::new(|| Regex::new(r"(\w*)://([^/\s@']+)@").expect("the pattern is a constant and valid"));
    CREDENTIALS.replace_all(text, |found: &regex::Captures<'_>| match (&found[1], &found[2]) {
        ("ssh", user) if !user.contains(':') => found[0].to_owned(),
        (scheme, _) => format!("{scheme}://***@"),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::git::Git;

    #[test]
    fn credentials_in_urls_are_removed() {
        let text = "fatal: unable to access 'https://bob:s3cret@host.example/x.git/': refused";
        assert_eq!(redact(text), "fatal: unable to access 'https://***@host.example/x.git/': refused");
        assert_eq!(redact("see https://host.example/a@b"), "see https://host.example/a@b");
        assert_eq!(
            redact("ssh://git@host.example/x and ssh://git:pw@h/x"),
            "ssh://git@host.example/x and ssh://***@h/x"
        );
    }

    #[tokio::test]
    async fn a_refusal_carries_gits_own_words() {
        let error = Git::bare().command(["cat-file", "-e", "nothing"]).run().await.unwrap_err();
        assert!(
            matches!(&error, Error::Git { status: 128, command, .. } if command == "cat-file"),
            "{error}"
        );
        assert!(error.to_string().contains("not a git repository"), "{error}");
    }

    #[tokio::test]
    async fn a_hanging_git_is_killed_in_time() {
        let (reader, _writer) = std::io::pipe().unwrap();
        let git = Git::bare();
        let run = git
            .command(["hash-object", "--stdin"])
            .stdin(Stdin::File(std::fs::File::from(std::os::fd::OwnedFd::from(reader))))
            .timeout(std::time::Duration::from_millis(50));
        assert!(matches!(run.run().await, Err(Error::TimedOut { .. })));
    }

    #[tokio::test]
    async fn output_beyond_the_limit_is_cut_and_told() {
        let output = Git::bare().command(["help", "-a"]).limit(10).run().await.unwrap();
        assert_eq!((output.stdout.len(), output.truncated), (10, true));
    }
}
