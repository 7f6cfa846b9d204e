//! Repositories in every state that people leave them in.

use super::{WILLING, completes, git, greeting, says, solo};
use crate::support::{House, end};
use std::os::unix::ffi::OsStrExt as _;
use std::path::PathBuf;

type Make = fn(&House) -> PathBuf;

fn plain(house: &House) -> PathBuf {
    let folder = house.folder().join("plain");
    std::fs::create_dir(&folder).unwrap();
    folder
}

fn file(house: &House) -> PathBuf {
    let path = house.folder().join("a-file");
    std::fs::write(&path, "x").unwrap();
    path
}

fn empty(house: &House) -> PathBuf {
    let folder = house.folder().join("empty");
    std::fs::create_dir(&folder).unwrap();
    git(&folder, &["init", "-q"]);
    folder
}

fn without_object(house: &House, what: &str) -> PathBuf {
    let folder = greeting(house, &format!("damaged-{}", what.len()));
    let id = git(&folder, &["rev-parse", what]);
    std::fs::remove_file(folder.join(".git/objects").join(&id[..2]).join(&id[2..])).unwrap();
    folder
}

fn broken(house: &House) -> PathBuf {
    let folder = greeting(house, "broken");
    std::fs::write(folder.join(".git/HEAD"), "garbage").unwrap();
    folder
}

fn partial(house: &House) -> PathBuf {
    let origin = greeting(house, "origin");
    git(&origin, &["config", "uploadpack.allowFilter", "true"]);
    let url = format!("file://{}", origin.display());
    git(house.folder(), &["clone", "-q", "--filter=blob:none", "--no-checkout", &url, "partial"]);
    house.folder().join("partial")
}

/// Before anything is started, with what to do.
#[test]
fn what_cannot_be_worked_on_is_refused_at_once() {
    let house = House::playing(WILLING);
    let cases: &[(Make, &str)] = &[
        (|house| house.folder().join("nowhere"), "there is no repository at"),
        (plain, "run `git init` there and commit"),
        (file, "is not in a git repository"),
        (empty, "commit something first"),
        (|house| without_object(house, "HEAD"), "git fsck"),
        (|house| without_object(house, "HEAD^{tree}"), "git fsck"),
        (broken, "it may be damaged"),
        (partial, "partial clone"),
    ];
    for (make, said) in cases {
        says(&end(&mut solo(&house, &make(&house), &[])), 2, &[said]);
    }
    assert!(!house.data().exists(), "nothing was made for them");
}

#[test]
fn a_damaged_file_fails_the_run_before_anything_is_paid() {
    let house = House::playing(WILLING);
    let done = end(&mut solo(&house, &without_object(&house, "HEAD:greeting.txt"), &["--json"]));
    let lines = done.json();
    let last = lines.last().unwrap();
    assert_eq!((done.exit, &last["status"]), (1, &"failed".into()), "{}", done.err);
    assert!(done.out.contains("git fsck"), "{}", done.out);
    assert!(!done.out.contains("model_call_started"));
}

fn dirty(house: &House) -> PathBuf {
    let folder = greeting(house, "dirty");
    std::fs::write(folder.join("greeting.txt"), "changed\n").unwrap();
    std::fs::write(folder.join("new.txt"), "new\n").unwrap();
    folder
}

fn detached(house: &House) -> PathBuf {
    let folder = greeting(house, "detached");
    git(&folder, &["checkout", "-q", "--detach"]);
    folder
}

fn merging(house: &House) -> PathBuf {
    let folder = greeting(house, "merging");
    git(&folder, &["checkout", "-q", "-b", "side"]);
    git(&folder, &["commit", "-q", "--allow-empty", "-m", "side"]);
    git(&folder, &["checkout", "-q", "main"]);
    git(&folder, &["commit", "-q", "--allow-empty", "-m", "main"]);
    git(&folder, &["merge", "-q", "--no-commit", "--no-ff", "side"]);
    folder
}

fn shallow(house: &House) -> PathBuf {
    let origin = greeting(house, "long");
    git(&origin, &["commit", "-q", "--allow-empty", "-m", "second"]);
    git(house.folder(), &["clone", "-q", "--depth", "1", &format!("file://{}", origin.display()), "shallow"]);
    house.folder().join("shallow")
}

fn with_submodule(house: &House) -> PathBuf {
    let (folder, library) = (greeting(house, "whole"), greeting(house, "library"));
    git(&folder, &["submodule", "--quiet", "add", library.to_str().unwrap(), "vendor"]);
    git(&folder, &["commit", "-qm", "with a submodule"]);
    folder
}

fn with_pointers(house: &House) -> PathBuf {
    let folder = greeting(house, "pointers");
    std::fs::write(folder.join(".gitattributes"), "*.bin filter=lfs diff=lfs merge=lfs -text\n").unwrap();
    std::fs::write(folder.join("a.bin"), "version https://git-lfs.github.com/spec/v1\n").unwrap();
    git(&folder, &["add", "-A"]);
    git(&folder, &["commit", "-qm", "large files"]);
    folder
}

/// The work is done, and standard error says what it started from.
#[test]
fn what_can_be_worked_on_is_with_a_note() {
    let house = House::playing(WILLING);
    let cases: &[(Make, &str)] = &[
        (dirty, "2 files or folders are changed or new and not committed (`greeting.txt`, `new.txt`)"),
        (detached, "`HEAD` is detached"),
        (merging, "a merge is in progress"),
        (shallow, "shallow clone"),
    ];
    for (make, said) in cases {
        let repository = make(&house);
        let before = git(&repository, &["status", "--porcelain"]);
        let done = completes(&house, &repository);
        assert!(done.err.starts_with("note: ") && done.err.contains(said), "{said}: {}", done.err);
        assert!(done.out.contains(&said[..12]), "the log tells it, too: {}", done.out);
        assert_eq!(git(&repository, &["status", "--porcelain"]), before);
    }
    // What only the clone can tell is in the log.
    for (make, said) in [(with_submodule as Make, "submodule"), (with_pointers, "Git LFS")] {
        let done = completes(&house, &make(&house));
        assert!(done.out.contains(said) && done.err.is_empty(), "{}{}", done.out, done.err);
    }
}

#[test]
fn names_and_contents_of_any_bytes_are_carried_along() {
    let house = House::playing(WILLING);
    let folder = greeting(&house, "bytes");
    let odd = std::ffi::OsStr::from_bytes(b"a\xff\xfeb");
    for name in [odd, "-rf".as_ref(), "new\nline".as_ref(), "quo\"te\t".as_ref()] {
        std::fs::write(folder.join(name), b"\0\x01\xff").unwrap();
    }
    std::os::unix::fs::symlink("/etc/passwd", folder.join("link")).unwrap();
    git(&folder, &["add", "-A"]);
    git(&folder, &["commit", "-qm", "odd"]);
    let done = completes(&house, &folder);
    let branch = git(&folder, &["for-each-ref", "--format=%(refname:short)", "refs/heads/squad"]);
    assert_eq!(git(&folder, &["diff", "--name-only", "main", &branch]), "greeting.txt", "{}", done.out);
}

#[test]
fn a_branch_is_promised_to_one_run_at_a_time() {
    let house = House::playing(WILLING);
    let folder = greeting(&house, "shop");
    let waiting = end(&mut solo(&house, &folder, &["--branch", "mine", "--approve", "always"]));
    assert_eq!(waiting.exit, 3, "{}", waiting.err);
    let linked = house.folder().join("linked");
    git(&folder, &["worktree", "add", "-q", "--detach", linked.to_str().unwrap()]);
    let second = end(&mut solo(&house, &linked, &["--branch", "mine"]));
    says(
        &second,
        2,
        &["is unfinished and will make the branch `mine`", "squad cancel", "another `--branch`"],
    );
    let elsewhere = greeting(&house, "elsewhere");
    assert_eq!(end(&mut solo(&house, &elsewhere, &["--branch", "mine"])).exit, 0);
    git(&folder, &["branch", "mine"]);
    says(&end(&mut solo(&house, &folder, &["--branch", "mine"])), 2, &["branch `mine` exists already"]);
}

/// A branch that came in the meantime is a question, not a loss: once it is out of the way, the same run goes on.
#[test]
fn a_branch_that_came_in_the_meantime_is_asked_about() {
    let house = House::playing(WILLING);
    let folder = greeting(&house, "shop");
    let waiting = end(&mut solo(&house, &folder, &["--branch", "mine", "--approve", "always"]));
    assert_eq!(waiting.exit, 3, "{}", waiting.err);
    git(&folder, &["branch", "mine"]);
    git(&folder, &["commit", "-q", "--allow-empty", "-m", "later"]);
    assert_eq!(end(&mut house.squad(&["approve"])).exit, 0);
    let asked = end(&mut house.squad(&["resume"]));
    assert_eq!(asked.exit, 3, "{}{}", asked.out, asked.err);
    assert!(asked.out.contains("git branch -m mine") && asked.out.contains("squad retry"), "{}", asked.out);
    git(&folder, &["branch", "-m", "mine", "old"]);
    assert_eq!(end(&mut house.squad(&["retry"])).exit, 0);
    let done = end(&mut house.squad(&["resume"]));
    assert_eq!(done.exit, 0, "{}{}", done.out, done.err);
    assert_eq!(git(&folder, &["show", "mine:greeting.txt"]), "hello");
}
