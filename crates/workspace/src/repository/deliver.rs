//! Handing the result back: a new branch in the user's repository, or a push of exactly one reference.
//!
//! For a local repository the objects travel as one pack and the branch is created only if it is not there. Neither a
//! fetch nor a push takes part: both would consult that repository's configuration, and a push its hooks.

use std::io::{Seek, SeekFrom};
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::Repository;
use super::import::LocalRepository;
use crate::branch::BranchName;
use crate::error::{Error, Result};
use crate::git::{Git, Stdin, Trust};
use crate::ids::CommitId;
use crate::source::Source;

const TRANSFER_TIMEOUT: Duration = Duration::from_secs(30 * 60);
/// `name`, `name-2`, … `name-50`.
const ATTEMPTS: usize = 50;

/// The branch to create.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum BranchChoice {
    /// A person named it: exactly this one, or an error.
    Exactly(BranchName),
    /// A suggestion: a number is added when it is taken.
    Suggested(BranchName),
}

/// A delivered branch.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Delivered {
    /// The name it got.
    pub branch: BranchName,
    /// What it points to.
    pub commit: CommitId,
    /// False when it pointed there already.
    pub created: bool,
}

/// Where branches can be looked up and created.
pub(super) enum Target<'a> {
    Local { git: Git, heads: Vec<String> },
    Url(&'a str),
}

impl Repository {
    /// Creates a branch with `commit` in the source. Nothing that exists there is moved, and delivering again finds the branch and does nothing.
    ///
    /// # Errors
    /// [`Error::BranchExists`] when the branch is taken (for [`BranchChoice::Suggested`]: with all its numbers), or what git said.
    pub async fn deliver(
        &self,
        source: &Source,
        choice: &BranchChoice,
        commit: &CommitId,
    ) -> Result<Delivered> {
        let target = match source {
            Source::Url(url) => Target::Url(url),
            Source::Local(path) => {
                let local = LocalRepository::discover(path).await?;
                let git = Git::at(&local.common_dir).running_as(local.owner());
                self.send_objects(&git, commit).await?;
                let heads = checked_out_branches(&git).await?;
                Target::Local { git, heads }
            }
        };
        match choice {
            BranchChoice::Exactly(name) => self.create(&target, name, commit).await,
            BranchChoice::Suggested(name) => self.create_numbered(&target, name, commit).await,
        }
    }

    async fn create_numbered(
        &self,
        target: &Target<'_>,
        name: &BranchName,
        commit: &CommitId,
    ) -> Result<Delivered> {
        let mut name = name.clone();
        for folder in name.folders() {
            // A branch `squad` leaves no room for `squad/…`, whatever the number.
            if target.find(&folder).await?.is_some() {
                name = name.flat();
                break;
            }
        }
        let mut number = 1;
        loop {
            let candidate = if number == 1 { name.clone() } else { name.numbered(number) };
            match self.create(target, &candidate, commit).await {
                Err(Error::BranchExists { .. }) if number < ATTEMPTS => number += 1,
                other => return other,
            }
        }
    }

    async fn create(&self, target: &Target<'_>, name: &BranchName, commit: &CommitId) -> Result<Delivered> {
        let done = |created| Ok(Delivered { branch: name.clone(), commit: commit.clone(), created });
        let taken = |detail: String| Err(Error::BranchExists { name: name.to_string(), detail });
        match target.find(name).await? {
            Some(found) if found == *commit => return done(false),
            Some(found) => return taken(format!("it points to {found}")),
            None => {}
        }
        let attempt = match target {
            Target::Local { heads, .. } if heads.contains(&name.reference()) => {
                return taken("it is checked out, without a commit yet".to_owned());
            }
            Target::Local { git, .. } => {
                let create = format!("create {} {commit}\n", name.reference());
                git.command(["update-ref", "--stdin"]).stdin(Stdin::Bytes(create.into_bytes())).run().await
            }
            Target::Url(url) => self.push(url, name, commit).await,
        };
        let Err(error) = attempt else { return done(true) };
        // Someone may have been quicker, or a branch of that name stands in the way as a folder.
        match target.find(name).await? {
            Some(found) if found == *commit => done(false),
            Some(found) => taken(format!("it points to {found}")),
            None if error.to_string().contains("cannot create")
                || error.to_string().contains("cannot lock ref") =>
            {
                taken(error.to_string())
            }
            None => Err(error),
        }
    }

    /// An empty expectation makes the server refuse unless the branch is new; nothing is ever forced.
    async fn push(&self, url: &str, name: &BranchName, commit: &CommitId) -> Result<crate::git::Output> {
        self.git()
            .command(["push", "--quiet", "--no-verify", "--no-follow-tags", "--recurse-submodules=no"])
            .arg(format!("--force-with-lease={}:", name.reference()))
            .args(["--", url])
            .arg(format!("{commit}:{}", name.reference()))
            .trust(Trust::User)
            .timeout(TRANSFER_TIMEOUT)
            .run()
            .await
    }

    /// Writes the objects that the user's repository lacks into it.
    async fn send_objects(&self, user: &Git, commit: &CommitId) -> Result<()> {
        let spool = || {
            tempfile::tempfile_in(self.layout().root()).map_err(Error::io("write in", self.layout().root()))
        };
        let base = Repository::open(self.layout().root())?.base;
        let known = user
            .command(["cat-file", "-e", &format!("{base}^{{commit}}")])
            .accept(128)
            .accept(1)
            .run()
            .await?;
        let exclude = if known.status == 0 { format!("^{base}\n") } else { String::new() };
        let mut pack = spool()?;
        let clone =
            |file: &std::fs::File| file.try_clone().map_err(Error::io("write in", self.layout().root()));
        self.git()
            .command(["pack-objects", "--revs", "--stdout", "--quiet", "--delta-base-offset"])
            .stdin(Stdin::Bytes(format!("{commit}\n{exclude}").into_bytes()))
            .stdout(clone(&pack)?)
            .timeout(TRANSFER_TIMEOUT)
            .run()
            .await?;
        pack.seek(SeekFrom::Start(0)).map_err(Error::io("read in", self.layout().root()))?;
        user.command(["index-pack", "--stdin"])
            .stdin(Stdin::File(pack))
            .timeout(TRANSFER_TIMEOUT)
            .run()
            .await?;
        Ok(())
    }
}

impl Target<'_> {
    pub(super) async fn find(&self, name: &BranchName) -> Result<Option<CommitId>> {
        let reference = name.reference();
        let said = match self {
            Target::Local { git, .. } => {
                git.command(["rev-parse", "--verify", "--quiet", &reference]).accept(1).line().await?
            }
            Target::Url(url) => {
                let query = ["ls-remote", "--refs", "--", url, &reference];
                let listing = Git::bare().command(query).trust(Trust::User).line().await?;
                // The pattern also matches at the end of other references.
                let exact = listing
                    .lines()
                    .filter_map(|line| line.split_once('\t'))
                    .find(|(_, found)| *found == reference);
                exact.map(|(id, _)| id.to_owned()).unwrap_or_default()
            }
        };
        if said.is_empty() { Ok(None) } else { said.parse().map(Some) }
    }
}

/// The branches that the user's checkouts are on: creating one that is not born yet would change a checkout.
async fn checked_out_branches(git: &Git) -> Result<Vec<String>> {
    let listing = git.command(["worktree", "list", "--porcelain"]).line().await?;
    let head = git.command(["symbolic-ref", "--quiet", "HEAD"]).accept(1).line().await?;
    let branches = listing.lines().filter_map(|line| line.strip_prefix("branch ")).map(str::to_owned);
    Ok(branches.chain((!head.is_empty()).then_some(head)).collect())
}
