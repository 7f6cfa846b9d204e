//! What can be told about a source before anything is spent on it.

use std::path::PathBuf;

use super::deliver::Target;
use super::import::LocalRepository;
use crate::branch::BranchName;
use crate::error::{Error, Result};
use crate::git::{Git, GitVersion};
use crate::source::Source;

impl Source {
    /// Looks whether work can start here and end in a new branch of that name, so that nobody pays for a result that
    /// cannot be handed over. Gives what a person should know of the checkout, in full sentences: what is not committed
    /// is not part of the work. Writes nothing there. A URL is only asked about the branch; whether it can be cloned
    /// shows when it is.
    ///
    /// # Errors
    /// [`Error::NotARepository`], [`Error::NoCommits`], [`Error::PartialClone`], [`Error::BranchExists`], or what git said.
    pub async fn check(&self, branch: Option<&BranchName>) -> Result<Vec<String>> {
        GitVersion::probe().await?;
        let mut notes = Vec::new();
        let target = match self {
            Source::Url(url) => Target::Url(url),
            Source::Local(path) => {
                let local = LocalRepository::discover(path).await?;
                local.usable(path).await?;
                notes = local.notes(path, &std::env::temp_dir()).await;
                Target::Local { git: Git::at(&local.common_dir), heads: Vec::new() }
            }
        };
        if let Some(branch) = branch {
            free(&target, branch).await?;
        }
        Ok(notes)
    }

    /// Whether both lead to the same repository, by whatever folder of it they name it.
    pub async fn is_same(&self, other: &Source) -> bool {
        match (self, other) {
            (Source::Local(one), Source::Local(other)) => {
                let store = async |path: &PathBuf| {
                    let local = LocalRepository::discover(path).await.ok()?;
                    local.common_dir.canonicalize().ok()
                };
                let (mine, theirs) = (store(one).await, store(other).await);
                one == other || mine.is_some() && mine == theirs
            }
            _ => self == other,
        }
    }
}

async fn free(target: &Target<'_>, branch: &BranchName) -> Result<()> {
    let taken = |detail: String| Err(Error::BranchExists { name: branch.to_string(), detail });
    if let Some(found) = target.find(branch).await? {
        return taken(format!("it points to {found}"));
    }
    for folder in branch.folders() {
        if target.find(&folder).await?.is_some() {
            return taken(format!("as a folder: there is a branch `{folder}`"));
        }
    }
    if let Target::Local { git, .. } = target {
        let below = format!("{}/", branch.reference());
        let query = ["for-each-ref", "--count=1", "--format=%(refname:short)", &below];
        let found = git.command(query).line().await?;
        if !found.is_empty() {
            return taken(format!("as a folder: there is a branch `{found}`"));
        }
    }
    Ok(())
}
