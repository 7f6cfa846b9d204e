//! Files without a file system: content-addressed trees, commits, merges, and worktrees that outlive a killed process.

use squad_domain::ids::{CommitId, TreeId};
use std::collections::{BTreeMap, BTreeSet};

/// Files by path.
pub(super) type Files = BTreeMap<String, String>;

/// A commit.
#[derive(Debug, Clone)]
struct Commit {
    tree: TreeId,
    parents: Vec<CommitId>,
    subject: String,
}

/// What becomes of a merge.
pub(super) enum Merged {
    Clean(TreeId),
    Conflict { tree: TreeId, files: Vec<String> },
}

/// The disk of one execution.
#[derive(Debug, Default)]
pub(super) struct Disk {
    trees: BTreeMap<TreeId, Files>,
    commits: BTreeMap<CommitId, Commit>,
    /// As whoever worked there last left them.
    worktrees: BTreeMap<String, Files>,
    /// The delivered branch.
    pub(super) delivered: Option<CommitId>,
    /// Whether clone and worktrees are gone.
    pub(super) tidied: bool,
}

impl Disk {
    pub(super) fn write(&mut self, files: Files) -> TreeId {
        let parts: Vec<&str> = files.iter().flat_map(|(path, text)| [path.as_str(), text.as_str()]).collect();
        let id = TreeId(address(&parts));
        self.trees.insert(id.clone(), files);
        id
    }

    pub(super) fn files(&self, tree: &TreeId) -> Files {
        self.trees.get(tree).cloned().unwrap_or_default()
    }

    pub(super) fn tree_of(&self, commit: &CommitId) -> TreeId {
        self.commits.get(commit).map_or_else(|| TreeId(String::new()), |commit| commit.tree.clone())
    }

    pub(super) fn files_of(&self, commit: &CommitId) -> Files {
        self.files(&self.tree_of(commit))
    }

    /// `at` makes the id of a commit that is made again another one, as it is in git.
    pub(super) fn commit(
        &mut self,
        tree: TreeId,
        parents: Vec<CommitId>,
        subject: &str,
        at: i64,
    ) -> CommitId {
        let mut parts: Vec<&str> = vec![tree.as_str(), subject];
        parts.extend(parents.iter().map(CommitId::as_str));
        let at = at.to_string();
        parts.push(&at);
        let id = CommitId(address(&parts));
        self.commits.insert(id.clone(), Commit { tree, parents, subject: subject.to_owned() });
        id
    }

    /// The worktree with exactly the files of `tree`, or of `base`.
    pub(super) fn restore(&mut self, name: &str, base: &CommitId, tree: Option<&TreeId>) -> &mut Files {
        let files = tree.map_or_else(|| self.files_of(base), |tree| self.files(tree));
        let worktree = self.worktrees.entry(name.to_owned()).or_default();
        *worktree = files;
        worktree
    }

    pub(super) fn worktree(&mut self, name: &str) -> &mut Files {
        self.worktrees.entry(name.to_owned()).or_default()
    }

    pub(super) fn checkpoint(&mut self, name: &str) -> TreeId {
        let files = self.worktree(name).clone();
        self.write(files)
    }

    pub(super) fn subjects(&self, from: &CommitId, to: &CommitId) -> Vec<String> {
        let known = self.ancestors(from);
        let new = self.ancestors(to).into_iter().filter(|id| !known.contains(id));
        new.filter_map(|id| self.commits.get(&id)).map(|commit| commit.subject.clone()).collect()
    }

    pub(super) fn is_ancestor(&self, old: &CommitId, new: &CommitId) -> bool {
        self.ancestors(new).contains(old)
    }

    fn ancestors(&self, of: &CommitId) -> BTreeSet<CommitId> {
        let mut seen = BTreeSet::new();
        let mut next = vec![of.clone()];
        while let Some(id) = next.pop() {
            if seen.insert(id.clone()) {
                next.extend(self.commits.get(&id).into_iter().flat_map(|commit| commit.parents.clone()));
            }
        }
        seen
    }

    /// A common ancestor that no other common ancestor descends from.
    fn merge_base(&self, ours: &CommitId, theirs: &CommitId) -> Option<CommitId> {
        let common: BTreeSet<CommitId> =
            self.ancestors(ours).intersection(&self.ancestors(theirs)).cloned().collect();
        let best = |id: &&CommitId| !common.iter().any(|other| other != *id && self.is_ancestor(id, other));
        common.iter().find(best).cloned()
    }

    /// File by file: who changed it wins; both, differently, is a conflict.
    pub(super) fn merge(&mut self, ours: &CommitId, theirs: &CommitId) -> Merged {
        let base = self.merge_base(ours, theirs).map(|base| self.files_of(&base)).unwrap_or_default();
        let (ours, theirs) = (self.files_of(ours), self.files_of(theirs));
        let mut merged = Files::new();
        let mut conflicts = Vec::new();
        let paths: BTreeSet<&String> = base.keys().chain(ours.keys()).chain(theirs.keys()).collect();
        for path in paths {
            let (was, our, their) = (base.get(path), ours.get(path), theirs.get(path));
            let text = if our == their || their == was {
                our.cloned()
            } else if our == was {
                their.cloned()
            } else {
                conflicts.push(path.clone());
                let side = |text: Option<&String>| text.cloned().unwrap_or_default();
                Some(format!("<<<<<<<\n{}=======\n{}>>>>>>>\n", side(our), side(their)))
            };
            if let Some(text) = text {
                merged.insert(path.clone(), text);
            }
        }
        let tree = self.write(merged);
        if conflicts.is_empty() { Merged::Clean(tree) } else { Merged::Conflict { tree, files: conflicts } }
    }
}

/// What differs, readable enough for a brief.
pub(super) fn diff(from: &Files, to: &Files) -> String {
    let paths: BTreeSet<&String> = from.keys().chain(to.keys()).collect();
    let mut text = String::new();
    for path in paths.into_iter().filter(|path| from.get(*path) != to.get(*path)) {
        text.push_str(&format!("--- {path}\n+++ {path}\n"));
        let lines = |files: &Files, sign: char| -> String {
            files
                .get(path)
                .into_iter()
                .flat_map(|text| text.lines())
                .map(|line| format!("{sign}{line}\n"))
                .collect()
        };
        text.push_str(&lines(from, '-'));
        text.push_str(&lines(to, '+'));
    }
    text
}

/// FNV-1a (offset bases of 64 and 32 bit as published by Fowler, Noll and Vo) as forty hexadecimal digits.
fn address(parts: &[&str]) -> String {
    let fold = |basis: u64| {
        let bytes = parts.iter().flat_map(|part| part.bytes().chain([0xff]));
        bytes.fold(basis, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3))
    };
    format!("{:016x}{:016x}{:08x}", fold(0xcbf2_9ce4_8422_2325), fold(0x811c_9dc5), parts.len())
}
