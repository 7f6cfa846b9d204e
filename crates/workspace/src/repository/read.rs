//! Reading trees.

use std::sync::{Arc, PoisonError};

use serde::{Deserialize, Serialize};

use super::Repository;
use crate::error::Result;
use crate::git::{Git, Stdin};
use crate::ids::{CommitId, TreeId, TreeLike};

/// Larger files are for tools, not for prompts.
const FILE_LIMIT: usize = 32 << 20;

/// A submodule's entry in a tree.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Submodule {
    pub(crate) path: Vec<u8>,
    pub(crate) commit: String,
}

/// What a worktree has to know of a tree as a whole.
#[derive(Debug)]
pub(crate) struct Contents {
    /// How many files there are, links included.
    pub(crate) files: usize,
    /// Their folders stay empty, and checkpoints carry their entries along unchanged.
    pub(crate) submodules: Vec<Submodule>,
}

/// One file of a tree.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TreeEntry {
    /// Path from the root; bytes that are not UTF-8 are replaced.
    pub path: String,
    /// Bytes; `None` for submodules.
    pub size: Option<u64>,
}

impl Repository {
    /// The tree of a commit.
    ///
    /// # Errors
    /// When the commit is not in the repository.
    pub async fn tree_of(&self, commit: &CommitId) -> Result<TreeId> {
        let known = self.trees.lock().unwrap_or_else(PoisonError::into_inner).get(commit).cloned();
        if let Some(tree) = known {
            return Ok(tree);
        }
        let query = ["rev-parse", "--verify", &format!("{commit}^{{tree}}")];
        let tree: TreeId = self.git().command(query).line().await?.parse()?;
        self.trees.lock().unwrap_or_else(PoisonError::into_inner).insert(commit.clone(), tree.clone());
        Ok(tree)
    }

    pub(crate) async fn contents(&self, tree: &TreeId) -> Result<Arc<Contents>> {
        let known = self.contents.lock().unwrap_or_else(PoisonError::into_inner).get(tree).cloned();
        if let Some(contents) = known {
            return Ok(contents);
        }
        let found = Arc::new(contents(&self.git(), tree).await?);
        let mut known = self.contents.lock().unwrap_or_else(PoisonError::into_inner);
        Ok(Arc::clone(known.entry(tree.clone()).or_insert(found)))
    }

    /// The bytes of a file in a tree or commit, at most 32 MiB of them; `None` when there is no such file.
    ///
    /// # Errors
    /// When git fails.
    pub async fn file_at(&self, tree: &impl TreeLike, path: &str) -> Result<Option<Vec<u8>>> {
        let object = format!("{}:{}", tree.object(), path.trim_start_matches("./"));
        let output =
            self.git().command(["cat-file", "blob", &object]).limit(FILE_LIMIT).accept(128).run().await?;
        Ok((output.status != 128).then_some(output.stdout))
    }

    /// The bytes of many files at once, in the order asked for, at most 256 MiB in all; `None` for one that is not
    /// there, or that is no file.
    ///
    /// # Errors
    /// When git fails.
    pub async fn read_at(&self, tree: &impl TreeLike, paths: &[String]) -> Result<Vec<Option<Vec<u8>>>> {
        let objects: Vec<String> = paths.iter().map(|path| format!("{}:{path}", tree.object())).collect();
        let mut asked = objects.join("\0").into_bytes();
        asked.push(0);
        let query = self.git();
        let query = query.command(["cat-file", "--batch", "-z"]).stdin(Stdin::Bytes(asked));
        let output = query.run().await?;
        let mut rest = output.stdout.as_slice();
        Ok(objects.iter().map(|object| next_in_batch(&mut rest, object)).collect())
    }

    /// All files of a tree or commit with their sizes, in git's order.
    ///
    /// # Errors
    /// When the tree is not in the repository.
    pub async fn files_at(&self, tree: &impl TreeLike) -> Result<Vec<TreeEntry>> {
        let listing = self.git().command(["ls-tree", "-r", "-l", "-z", tree.object()]).run().await?;
        let entry = |record: &[u8]| {
            let tab = record.iter().position(|byte| *byte == b'\t')?;
            let size = String::from_utf8_lossy(&record[..tab]).split_whitespace().next_back()?.parse().ok();
            Some(TreeEntry { path: String::from_utf8_lossy(&record[tab + 1..]).into_owned(), size })
        };
        Ok(listing.stdout.split(|byte| *byte == 0).filter_map(entry).collect())
    }
}

/// Takes the next answer of `cat-file --batch`: `<id> blob <size>`, the bytes and a line end, or `<object> missing`.
fn next_in_batch(rest: &mut &[u8], object: &str) -> Option<Vec<u8>> {
    // A name may hold line ends.
    if let Some(after) = rest.strip_prefix(format!("{object} missing\n").as_bytes()) {
        *rest = after;
        return None;
    }
    let end = rest.iter().position(|byte| *byte == b'\n')?;
    let head = std::str::from_utf8(&rest[..end]).ok()?;
    let mut words = head.split(' ').skip(1);
    let (kind, size) = (words.next()?, words.next()?.parse::<usize>().ok()?);
    let bytes = rest.get(end + 1..end + 1 + size)?;
    *rest = rest.get(end + 1 + size + 1..).unwrap_or_default();
    (kind == "blob").then(|| bytes.to_vec())
}

/// Looks through a whole tree.
pub(super) async fn contents(git: &Git, tree: &impl TreeLike) -> Result<Contents> {
    let listing = git.command(["ls-tree", "-r", "-z", tree.object()]).run().await?;
    let entry = |record: &[u8]| {
        let rest = record.strip_prefix(b"160000 commit ")?;
        let tab = rest.iter().position(|byte| *byte == b'\t')?;
        Some(Submodule {
            commit: String::from_utf8_lossy(&rest[..tab]).into_owned(),
            path: rest[tab + 1..].to_vec(),
        })
    };
    let records = listing.stdout.split(|byte| *byte == 0).filter(|record| !record.is_empty());
    let submodules: Vec<Submodule> = records.clone().filter_map(entry).collect();
    Ok(Contents { files: records.count() - submodules.len(), submodules })
}
