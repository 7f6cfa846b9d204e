//! Making the private clone. The user's repository is only read; its hooks, filters and settings start nothing.

use std::fs::File;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::layout::{remove_tree, write_atomically};
use super::{Layout, Repository, acquire};
use crate::error::{Error, Result};
use crate::git::{Git, GitVersion, Trust};
use crate::ids::CommitId;
use crate::source::Source;

/// A clone over a network may take long; a hanging one must not hold an execution for ever.
const CLONE_TIMEOUT: Duration = Duration::from_secs(30 * 60);

/// What tools of many languages leave behind, for repositories whose own `.gitignore` does not say so. A
/// `.gitignore` of the project wins over it, and files that are tracked stay tracked.
const EXCLUDES: &str = "__pycache__/\n*.py[cod]\n*.egg-info/\n.pytest_cache/\n.mypy_cache/\n.ruff_cache/\n.tox/\n.nox/\n.venv/\n\
.coverage\nnode_modules/\n.gradle/\n.DS_Store\n";

/// Highest in git's order of precedence: what is written into a checkout, and read from it, are the bytes of the
/// tree, so that restoring a checkpoint is exact, and no filter is even looked for.
pub(super) const ATTRIBUTES: &str = "* -text -ident -filter -working-tree-encoding\n";

/// What the clone itself says to every git that works on it, ours or a member's.
const OWN_RULES: &[&str] = &[
    "--config=gc.auto=0",
    "--config=core.hooksPath=/dev/null",
    "--config=core.fsmonitor=false",
    "--config=core.logAllRefUpdates=false",
];

/// A finished import.
#[derive(Debug, Clone)]
pub struct Import {
    /// The private clone.
    pub repository: Repository,
    /// The commit that the source's `HEAD` pointed to: the base of all work.
    pub base: CommitId,
    /// The branch that was checked out there; `None` for a detached `HEAD`.
    pub branch: Option<String>,
    /// What the user should know, in full sentences (submodules, LFS, a merge in progress, …).
    pub notes: Vec<String>,
}

/// What is kept beside the clone, so that importing again after a crash gives the same answer.
#[derive(Serialize, Deserialize)]
struct Record {
    base: CommitId,
    branch: Option<String>,
    notes: Vec<String>,
}

/// A user's repository on this machine.
pub(super) struct LocalRepository {
    pub(super) git_dir: PathBuf,
    pub(super) common_dir: PathBuf,
    shallow: bool,
    pub(super) top_level: Option<PathBuf>,
}

impl LocalRepository {
    /// Finds the repository as git does, from a path that the user gave (never from one that an agent wrote to).
    pub(super) async fn discover(path: &Path) -> Result<Self> {
        let path = path.canonicalize().map_err(|_| Error::NotARepository { path: path.to_owned() })?;
        let git = Git::bare();
        let query = [
            "rev-parse",
            "--absolute-git-dir",
            "--is-bare-repository",
            "--is-shallow-repository",
            "--git-common-dir",
            // Last, because it is an error where there is no checkout.
            "--show-toplevel",
        ];
        let output = match git.command(query).directory(&path).accept(128).run().await {
            Err(Error::Io { .. }) => return Err(Error::NotARepository { path }),
            other => other?,
        };
        let said = output.text();
        let lines: Vec<&str> = said.lines().collect();
        let &[git_dir, bare, shallow, common_dir, ref more @ ..] = lines.as_slice() else {
            if !output.stderr.contains("not a git repository") {
                let (command, stderr) = ("rev-parse".to_owned(), output.stderr.trim().to_owned());
                return Err(Error::Git { command, status: output.status, stderr });
            }
            let there = path.join(".git").symlink_metadata().is_ok();
            return Err(if there {
                Error::NoLongerARepository { path }
            } else {
                Error::NotARepository { path }
            });
        };
        let (git_dir, shallow) = (PathBuf::from(git_dir), shallow == "true");
        let common_dir = path.join(common_dir);
        let top_level = more.first().filter(|_| bare != "true").map(PathBuf::from);
        Ok(Self { git_dir, common_dir, shallow, top_level })
    }

    /// Whether there is a base to work from, with all its objects.
    pub(super) async fn usable(&self, path: &Path) -> Result<()> {
        let git = Git::at(&self.git_dir);
        if self.is_partial() && !is_complete(&git).await? {
            return Err(Error::PartialClone { path: path.to_owned() });
        }
        match git.command(["cat-file", "-e", "HEAD^{tree}"]).run().await {
            Ok(_) => Ok(()),
            Err(_) if has_no_commit(&git).await? => {
                Err(Error::NoCommits { location: path.display().to_string() })
            }
            Err(Error::Git { command, stderr, .. }) => Err(Error::Damaged { command, stderr }),
            Err(other) => Err(other),
        }
    }

    /// Whether objects may be missing on purpose: packs from a server that promised the rest are marked.
    fn is_partial(&self) -> bool {
        let packs = self.common_dir.join("objects/pack").read_dir().into_iter().flatten().flatten();
        packs.map(|pack| pack.path()).any(|pack| pack.extension().is_some_and(|kind| kind == "promisor"))
    }

    /// The user whom new files in the repository should belong to, when we are root and the repository is not.
    pub(super) fn owner(&self) -> Option<crate::Owner> {
        let metadata = self.common_dir.metadata().ok()?;
        let foreign = rustix::process::geteuid().is_root() && metadata.uid() != 0;
        foreign.then(|| crate::Owner { uid: metadata.uid(), gid: metadata.gid() })
    }

    /// What a person should know before work starts here, in full sentences. `scratch` is a folder that may be written to.
    pub(super) async fn notes(&self, path: &Path, scratch: &Path) -> Vec<String> {
        let mut notes = Vec::new();
        if let Some(top) = &self.top_level
            && path.canonicalize().is_ok_and(|path| path != *top)
        {
            notes.push(format!(
                "`{}` lies inside the repository `{}`, which is used as a whole",
                path.display(),
                top.display()
            ));
        }
        if self.shallow {
            notes.push(
                "the repository is a shallow clone: its history ends early, the files are complete"
                    .to_owned(),
            );
        }
        notes.extend(self.standing(scratch).await);
        notes
    }
}

impl Repository {
    /// Makes the private clone in `private_dir`, or opens the one that an earlier, interrupted run finished there.
    ///
    /// Objects of a local repository are hard-linked, never shared through alternates. The checkout, index, stashes
    /// and branches of the user are not touched; work that is not committed is not part of the clone.
    ///
    /// # Errors
    /// [`Error::NotARepository`], [`Error::NoCommits`], [`Error::PartialClone`], [`Error::GitMissing`],
    /// [`Error::GitTooOld`], or what git said.
    pub async fn import(source: &Source, private_dir: &Path) -> Result<Import> {
        GitVersion::probe().await?;
        let layout = Layout::create(private_dir)?;
        let lock = acquire(&layout.lock(".import")).await?;
        if layout.git_dir().exists() {
            return Self::open(private_dir);
        }
        let partial = layout.partial_git_dir();
        remove_tree(&partial).map_err(Error::io("remove", &partial))?;
        let mut notes = match source {
            Source::Local(path) => clone_local(path, &layout, &lock).await?,
            Source::Url(url) => clone_url(url, &partial, &lock).await?,
        };
        let git = Git::at(&partial);
        let record = describe(&git, source, &mut notes).await?;
        settle(&git, &partial).await?;
        let json = serde_json::to_vec_pretty(&record).expect("a record of strings is always valid JSON");
        write_atomically(&layout.import_record(), &json)?;
        std::fs::rename(&partial, layout.git_dir()).map_err(Error::io("rename", &partial))?;
        Self::open(private_dir)
    }

    /// Opens a private clone that [`Repository::import`] finished.
    ///
    /// # Errors
    /// [`Error::NotImported`] when there is none.
    pub fn open(private_dir: &Path) -> Result<Import> {
        let layout = Layout::open(private_dir)?;
        let missing = || Error::NotImported { path: private_dir.to_owned() };
        if !layout.git_dir().is_dir() {
            return Err(missing());
        }
        let json = std::fs::read(layout.import_record()).map_err(|_| missing())?;
        let record: Record = serde_json::from_slice(&json).map_err(|_| missing())?;
        let Record { base, branch, notes } = record;
        Ok(Import { repository: Self::new(layout), base, branch, notes })
    }
}

/// Where a repository's `HEAD` is.
pub(super) struct Head {
    pub(super) commit: CommitId,
    /// The full name of the branch, as `refs/heads/main`; `None` where `HEAD` is detached.
    pub(super) branch: Option<String>,
}

/// `None` where there is no commit yet.
pub(super) async fn head(git: &Git) -> Result<Option<Head>> {
    // One `rev-parse` could tell both, but not where a branch is called `HEAD`, too.
    let commit = git.command(["rev-parse", "--verify", "--quiet", "HEAD^{commit}"]).accept(1);
    let branch = git.command(["symbolic-ref", "--quiet", "HEAD"]).accept(1);
    let (commit, branch) = tokio::try_join!(commit.line(), branch.line())?;
    if commit.is_empty() {
        return Ok(None);
    }
    Ok(Some(Head { commit: commit.parse()?, branch: (!branch.is_empty()).then_some(branch) }))
}

async fn has_no_commit(git: &Git) -> Result<bool> {
    let query = ["rev-parse", "--verify", "--quiet", "HEAD"];
    Ok(git.command(query).accept(1).line().await?.is_empty())
}

/// Whether a partial clone holds everything of its last commit. Older commits are not needed.
async fn is_complete(git: &Git) -> Result<bool> {
    let query = ["rev-list", "--objects", "--no-walk", "--missing=print", "HEAD"];
    let listing = git.command(query).run().await?;
    Ok(!listing.stdout.split(|byte| *byte == b'\n').any(|line| line.starts_with(b"?")))
}

async fn clone_local(path: &Path, layout: &Layout, lock: &Arc<File>) -> Result<Vec<String>> {
    let local = LocalRepository::discover(path).await?;
    local.usable(path).await?;
    let source = Git::at(&local.git_dir);
    // A store that borrows from another one would make our clone borrow from it as well.
    let borrows = local.common_dir.join("objects/info/alternates").exists();
    let config = layout.clone_config();
    write_atomically(
        &config,
        b"[safe]\n\tdirectory = *\n[core]\n\thooksPath = /dev/null\n\tfsmonitor = false\n",
    )?;
    let outside = Git::bare().holding(lock);
    let clone = |more: &[&str]| {
        outside
            .command(["clone", "--quiet", "--bare", "--template="])
            .args(OWN_RULES)
            .args(more)
            .arg("--")
            .arg(&local.git_dir)
            .arg(layout.partial_git_dir())
            .trust(Trust::OwnFile(config.clone()))
            .timeout(CLONE_TIMEOUT)
            .run()
    };
    let linked = if borrows || local.shallow { None } else { clone(&[]).await.ok() };
    if linked.is_none() {
        // git declines to link from unusual stores (symbolic links, another owner); copying always works.
        let partial = layout.partial_git_dir();
        remove_tree(&partial).map_err(Error::io("remove", &partial))?;
        clone(&["--no-local"]).await?;
    }
    // `HEAD` of a linked worktree or a detached one is not what the clone's `HEAD` says.
    let head =
        head(&source).await?.ok_or_else(|| Error::NoCommits { location: path.display().to_string() })?;
    let git = Git::at(layout.partial_git_dir());
    match &head.branch {
        None => git.command(["update-ref", "--no-deref", "HEAD", head.commit.as_str()]).run().await?,
        Some(branch) => git.command(["symbolic-ref", "HEAD", branch]).run().await?,
    };
    Ok(local.notes(path, layout.root()).await)
}

async fn clone_url(url: &str, partial: &Path, lock: &Arc<File>) -> Result<Vec<String>> {
    Git::bare()
        .holding(lock)
        .command(["clone", "--quiet", "--bare", "--template="])
        .args(OWN_RULES)
        .args(["--", url])
        .arg(partial)
        .trust(Trust::User)
        .timeout(CLONE_TIMEOUT)
        .run()
        .await?;
    Ok(Vec::new())
}

/// Finds the base and what is to be told about it.
async fn describe(git: &Git, source: &Source, notes: &mut Vec<String>) -> Result<Record> {
    let Some(Head { commit: base, branch }) = head(git).await? else {
        return Err(Error::NoCommits { location: source.to_string() });
    };
    let submodules = super::read::contents(git, &base).await?.submodules.len();
    if submodules > 0 {
        notes.push(format!("the repository has {submodules} submodule(s): their folders stay empty and their commits stay as they are"));
    }
    let attributes = git
        .command(["cat-file", "blob", &format!("{base}:.gitattributes")])
        .limit(1 << 20)
        .accept(128)
        .run()
        .await?;
    if attributes.text().contains("filter=lfs") {
        notes.push(
            "the repository uses Git LFS: large files are seen as their small pointer files".to_owned(),
        );
    }
    let branch = branch.map(|branch| branch.strip_prefix("refs/heads/").unwrap_or(&branch).to_owned());
    Ok(Record { base, branch, notes: std::mem::take(notes) })
}

/// Removes what the clone remembers of its origin (paths, tokens in URLs) and writes our own rules into it.
async fn settle(git: &Git, partial: &Path) -> Result<()> {
    git.command(["config", "--remove-section", "remote.origin"]).accept(128).run().await?;
    let logs = partial.join("logs");
    remove_tree(&logs).map_err(Error::io("remove", &logs))?;
    let info = partial.join("info");
    std::fs::create_dir_all(&info).map_err(Error::io("create", &info))?;
    write_atomically(&info.join("attributes"), ATTRIBUTES.as_bytes())?;
    let builders = ["ls-tree", "--name-only", "HEAD", "--", "Cargo.toml", "pom.xml"];
    let builds_into_target = !git.command(builders).line().await?.is_empty();
    let target = if builds_into_target { "/target/\n" } else { "" };
    write_atomically(&info.join("exclude"), format!("{EXCLUDES}{target}").as_bytes())
}
