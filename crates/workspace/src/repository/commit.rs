//! Commits without a checkout, and the history between two of them.

use serde::{Deserialize, Serialize};

use super::Repository;
use crate::error::{Error, Result};
use crate::git::Stdin;
use crate::ids::{CommitId, TreeId};

const EMAIL: &str = "squad@localhost";
const HOUSE: &str = "Agent Squad";

/// What goes into a commit. The same request always gives the same commit, so that a step may be performed again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CommitRequest {
    /// The files.
    pub tree: TreeId,
    /// None for a root commit, two for a merge.
    pub parents: Vec<CommitId>,
    /// Subject, blank line, body.
    pub message: String,
    /// The member who did the work; the committer is always Agent Squad.
    pub author: String,
    /// Seconds since 1970-01-01 UTC, from the execution's log.
    pub unix_seconds: i64,
}

/// One commit of a history.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LogEntry {
    /// The commit.
    pub id: CommitId,
    /// The author's name.
    pub author: String,
    /// Author date in seconds since 1970-01-01 UTC.
    pub unix_seconds: i64,
    /// The first line of the message.
    pub subject: String,
}

impl Repository {
    /// Writes a commit. No reference is moved.
    ///
    /// # Errors
    /// When the tree or a parent is not in the repository.
    pub async fn commit(&self, request: &CommitRequest) -> Result<CommitId> {
        let date = format!("@{} +0000", request.unix_seconds.max(0));
        let git = self.git();
        let mut command = git.command(["commit-tree", request.tree.as_str()]);
        for parent in &request.parents {
            command = command.arg("-p").arg(parent.as_str());
        }
        let message =
            if request.message.trim().is_empty() { "work of the squad" } else { request.message.trim_end() };
        let id = command
            .stdin(Stdin::Bytes(format!("{}\n", message.replace('\0', "")).into_bytes()))
            .env("GIT_AUTHOR_NAME", author_name(&request.author))
            .env("GIT_AUTHOR_EMAIL", EMAIL)
            .env("GIT_AUTHOR_DATE", &date)
            .env("GIT_COMMITTER_NAME", HOUSE)
            .env("GIT_COMMITTER_EMAIL", EMAIL)
            .env("GIT_COMMITTER_DATE", &date)
            .line()
            .await?;
        id.parse()
    }

    /// The commits that `to` has and `from` has not, newest first, at most `limit`.
    ///
    /// # Errors
    /// When a commit is not in the repository.
    pub async fn log(&self, from: &CommitId, to: &CommitId, limit: usize) -> Result<Vec<LogEntry>> {
        let output = self
            .git()
            .command(["log", "--no-show-signature", "-z", "--format=%H%x1f%an%x1f%at%x1f%s"])
            .arg(format!("--max-count={limit}"))
            .args([format!("{from}..{to}").as_str(), "--"])
            .run()
            .await?;
        let text = output.text().into_owned();
        text.split('\0').filter(|record| !record.is_empty()).map(parse_entry).collect()
    }

    /// Whether `ancestor` is `commit` itself or lies in its history.
    ///
    /// # Errors
    /// When a commit is not in the repository.
    pub async fn is_ancestor(&self, ancestor: &CommitId, commit: &CommitId) -> Result<bool> {
        let query = ["merge-base", "--is-ancestor", ancestor.as_str(), commit.as_str()];
        Ok(self.git().command(query).accept(1).run().await?.status == 0)
    }
}

pub(super) fn parse_entry(record: &str) -> Result<LogEntry> {
    let fields: Vec<&str> = record.trim_start_matches('\n').splitn(4, '\u{1f}').collect();
    let [id, author, date, subject] = fields[..] else {
        return Err(Error::Unexpected { command: "log".to_owned(), detail: record.to_owned() });
    };
    Ok(LogEntry {
        id: id.parse()?,
        author: author.to_owned(),
        unix_seconds: date.parse().unwrap_or(0),
        subject: subject.to_owned(),
    })
}

/// git removes these characters itself and refuses a name of which nothing remains.
fn author_name(member: &str) -> String {
    let name: String = member.chars().filter(|c| !c.is_control() && !"<>".contains(*c)).collect();
    let usable = name.chars().any(char::is_alphanumeric);
    if usable { name.trim().to_owned() } else { HOUSE.to_owned() }
}
