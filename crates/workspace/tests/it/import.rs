//! Importing: what is taken, what is told, and that the user's repository stays as it is.

use crate::support::{Fixture, git, snapshot, write};
use squad_workspace::{BranchChoice, CommitRequest, Error, Repository, Source};

fn committed(tree: squad_workspace::TreeId, base: &squad_workspace::CommitId) -> CommitRequest {
    CommitRequest {
        tree,
        parents: vec![base.clone()],
        message: "done".into(),
        author: "Bea".into(),
        unix_seconds: 1,
    }
}

#[tokio::test]
async fn a_dirty_checkout_is_untouched_byte_for_byte_and_gets_a_branch() {
    let user = Fixture::new(&[("a.txt", "one\n"), ("b.txt", "two\n")]);
    user.write(&[("a.txt", "stashed\n")]);
    user.git(&["stash"]);
    user.write(&[("a.txt", "dirty\n"), ("new.txt", "untracked\n"), ("staged.txt", "s\n")]);
    user.git(&["add", "staged.txt"]);
    let before = snapshot(&user.path());

    let import = user.import().await;
    let work = import.repository.add_worktree("s1", &import.base, None).await.unwrap();
    assert_eq!(std::fs::read_to_string(work.path().join("a.txt")).unwrap(), "one\n");
    write(&work.path().join("a.txt"), "by the squad\n");
    let tree = work.checkpoint().await.unwrap().tree;
    let commit = import.repository.commit(&committed(tree, &import.base)).await.unwrap();
    let choice = BranchChoice::Suggested("squad/work".parse().unwrap());
    let delivered = import.repository.deliver(&user.source(), &choice, &commit).await.unwrap();

    assert_eq!(user.git(&["show", "squad/work:a.txt"]), "by the squad");
    user.git(&["fsck", "--strict"]);
    // Apart from new objects and the new branch, nothing differs, not even a time stamp.
    let ours = |line: &str| line.contains("squad") || line.contains(".git/objects/pack");
    let after: Vec<_> = snapshot(&user.path()).into_iter().filter(|line| !ours(line)).collect();
    let before: Vec<_> = before.into_iter().filter(|line| !ours(line)).collect();
    assert_eq!(before, after);
    assert!(delivered.created);
    import.repository.remove().await.unwrap();
    assert!(!user.private().exists());
    user.git(&["fsck", "--strict"]);
}

#[tokio::test]
async fn importing_again_after_a_crash_gives_the_same() {
    let user = Fixture::new(&[("a", "1")]);
    // A clone that was cut short.
    write(&user.private().join("repo.git.partial/HEAD"), "ref: refs/heads/x");
    let first = user.import().await;
    user.write(&[("a", "2")]);
    user.git(&["commit", "-qam", "later"]);
    let second = user.import().await;
    assert_eq!(first.base, second.base);
    assert_eq!(second.branch.as_deref(), Some("main"));
    assert!(!user.private().join("repo.git.partial").exists());
}

#[tokio::test]
async fn objects_are_linked_and_never_borrowed() {
    use std::os::unix::fs::MetadataExt;
    let user = Fixture::new(&[("a", "1")]);
    let borrower = user.outside("borrower");
    git(&user.path(), &["clone", "-q", "--shared", ".", borrower.to_str().unwrap()]);
    let plain = user.import().await.repository.git_dir();
    let object = format!("objects/{}", user.git(&["rev-parse", "HEAD"]).split_at(2).0);
    let file = std::fs::read_dir(plain.join(object)).unwrap().next().unwrap().unwrap();
    assert_eq!(file.metadata().unwrap().nlink(), 2);

    let import = Repository::import(&Source::Local(borrower), &user.outside("p2")).await.unwrap();
    assert!(!import.repository.git_dir().join("objects/info/alternates").exists());
    std::fs::remove_dir_all(user.path()).unwrap();
    import.repository.add_worktree("w", &import.base, None).await.unwrap();
}

#[tokio::test]
async fn detached_bare_linked_shallow_and_inner_paths_work() {
    let user = Fixture::new(&[("sub/a", "1")]);
    user.write(&[("sub/a", "2")]);
    user.git(&["commit", "-qam", "second"]);
    let (bare, linked, shallow) = (user.outside("bare"), user.outside("linked"), user.outside("shallow"));
    user.git(&["clone", "-q", "--bare", ".", bare.to_str().unwrap()]);
    user.git(&["worktree", "add", "-q", "--detach", linked.to_str().unwrap(), "HEAD~1"]);
    let url = format!("file://{}", user.path().display());
    user.git(&["clone", "-q", "--depth", "1", &url, shallow.to_str().unwrap()]);
    git(&linked, &["-c", "user.name=x", "commit", "-q", "--allow-empty", "-m", "on no branch"]);
    let head = |folder| git(folder, &["rev-parse", "HEAD"]);

    for (number, folder) in [&bare, &linked, &shallow, &user.path().join("sub")].into_iter().enumerate() {
        let private = user.outside(&format!("p{number}"));
        let import = Repository::import(&Source::Local(folder.clone()), &private).await.unwrap();
        assert_eq!(import.base.as_str(), head(folder), "{folder:?}");
        let work = import.repository.add_worktree("w", &import.base, None).await.unwrap();
        assert!(work.path().join("sub/a").exists());
        match number {
            1 => {
                assert_eq!(import.branch, None);
                assert!(import.notes[0].contains("`HEAD` is detached"), "{:?}", import.notes);
            }
            2 => assert!(import.notes[0].contains("shallow"), "{:?}", import.notes),
            3 => assert!(import.notes[0].contains("lies inside"), "{:?}", import.notes),
            _ => assert!(import.notes.is_empty(), "{:?}", import.notes),
        }
        write(&work.path().join("new"), "x");
        let tree = work.checkpoint().await.unwrap().tree;
        let commit = import.repository.commit(&committed(tree, &import.base)).await.unwrap();
        let choice = BranchChoice::Suggested(format!("squad/{number}").parse().unwrap());
        import.repository.deliver(&Source::Local(folder.clone()), &choice, &commit).await.unwrap();
        assert_eq!(git(folder, &["show", &format!("squad/{number}:new")]), "x");
    }
}

#[tokio::test]
async fn repositories_with_long_object_names_work() {
    let user = Fixture::new(&[]);
    std::fs::remove_dir_all(user.path().join(".git")).unwrap();
    user.git(&["init", "-q", "--object-format=sha256"]);
    user.write(&[("a", "1")]);
    user.git(&["add", "-A"]);
    user.git(&["commit", "-qm", "base"]);
    let import = user.import().await;
    let work = import.repository.add_worktree("w", &import.base, None).await.unwrap();
    write(&work.path().join("inner/file"), "x");
    git(&work.path().join("inner"), &["init", "-q", "--object-format=sha256"]);
    let tree = work.checkpoint().await.unwrap().tree;
    let commit = import.repository.commit(&committed(tree, &import.base)).await.unwrap();
    let choice = BranchChoice::Suggested("squad/x".parse().unwrap());
    import.repository.deliver(&user.source(), &choice, &commit).await.unwrap();
    assert_eq!(user.git(&["show", "squad/x:inner/file"]), "x");
}

#[tokio::test]
async fn what_cannot_be_imported_says_why() {
    let empty = Fixture::new(&[]);
    let nowhere = Source::Local(empty.outside("nowhere"));
    let error = Repository::import(&empty.source(), &empty.private()).await.unwrap_err();
    assert!(matches!(error, Error::NoCommits { .. }), "{error}");
    let error = Repository::import(&nowhere, &empty.private()).await.unwrap_err();
    assert!(matches!(error, Error::NotARepository { .. }), "{error}");
    std::fs::create_dir(empty.outside("plain")).unwrap();
    let error =
        Repository::import(&Source::Local(empty.outside("plain")), &empty.private()).await.unwrap_err();
    assert!(matches!(error, Error::NotARepository { .. }), "{error}");
    write(&empty.outside("broken").join(".git/HEAD"), "garbage");
    let error = Source::Local(empty.outside("broken")).check(None).await.unwrap_err();
    assert!(matches!(error, Error::NoLongerARepository { .. }), "{error}");
    let error = Repository::open(&empty.private()).unwrap_err();
    assert!(matches!(error, Error::NotImported { .. }), "{error}");
}

#[tokio::test]
async fn submodules_lfs_and_a_merge_in_progress_are_told() {
    let library = Fixture::new(&[("lib", "1")]);
    let user = Fixture::new(&[("a", "1"), (".gitattributes", "*.bin filter=lfs diff=lfs merge=lfs -text\n")]);
    user.git(&["submodule", "--quiet", "add", library.path().to_str().unwrap(), "vendor/lib"]);
    user.git(&["commit", "-qm", "submodule"]);
    write(&user.path().join(".git/MERGE_HEAD"), &user.git(&["rev-parse", "HEAD~1"]));
    let import = user.import().await;
    let notes = import.notes.join("\n");
    for word in ["submodule", "LFS", "merge is in progress"] {
        assert!(notes.contains(word), "{word}: {notes}");
    }
    let work = import.repository.add_worktree("w", &import.base, None).await.unwrap();
    assert!(work.path().join("vendor/lib").is_dir());
    let tree = work.checkpoint().await.unwrap().tree;
    assert_eq!(
        tree,
        import.repository.tree_of(&import.base).await.unwrap(),
        "the submodule's entry is carried along"
    );
    // A repository put where the submodule would be changes nothing and is never looked into.
    git(&work.path().join("vendor/lib"), &["init", "-q"]);
    write(&work.path().join("vendor/lib/x"), "x");
    assert_eq!(work.checkpoint().await.unwrap().tree, tree);
    work.restore(&tree).await.unwrap();
    assert!(!work.path().join("vendor/lib/x").exists());
}

#[tokio::test]
async fn what_is_not_committed_is_told_before_anything_starts() {
    let user = Fixture::new(&[("a", "1"), ("b", "1"), (".gitignore", "*.log\n")]);
    assert_eq!(user.source().check(None).await.unwrap(), Vec::<String>::new());
    user.write(&[("a", "22"), ("new/deep", "x"), ("x.log", "ignored")]);
    user.git(&["rm", "-q", "--cached", "b"]);
    let before = snapshot(&user.path());
    let notes = user.source().check(None).await.unwrap();
    assert_eq!(snapshot(&user.path()), before, "looking changes nothing");
    let [note] = notes.as_slice() else { panic!("{notes:?}") };
    for part in ["4 files or folders", "`a`", "not committed", "last commit"] {
        assert!(note.contains(part), "{part}: {note}");
    }
    assert_eq!(user.import().await.notes, notes, "the import tells the same");
}

#[tokio::test]
async fn looking_for_changes_runs_no_filter_of_the_repository() {
    let user = Fixture::new(&[("a", "1"), (".gitattributes", "* filter=trap\n")]);
    let sprung = user.outside("sprung");
    let trap = format!("touch {}; cat", sprung.display());
    user.git(&["config", "filter.trap.clean", &trap]);
    user.git(&["config", "core.fsmonitor", &trap]);
    // Of the same size, so that only its content tells.
    user.write(&[("a", "2")]);
    let notes = user.source().check(None).await.unwrap();
    assert!(notes[0].contains("1 file is changed") && notes[0].contains("(`a`)"), "{notes:?}");
    assert!(!sprung.exists());
}

#[tokio::test]
async fn what_git_is_in_the_middle_of_is_told() {
    let user = Fixture::new(&[("a", "1")]);
    user.git(&["checkout", "-q", "-b", "side"]);
    user.write(&[("a", "side")]);
    user.git(&["commit", "-qam", "side"]);
    user.git(&["checkout", "-q", "main"]);
    user.write(&[("a", "main")]);
    user.git(&["commit", "-qam", "main"]);
    let conflict = |args: &[&str]| {
        let identity = ["-c", "user.name=User", "-c", "user.email=user@example.org"];
        let done =
            std::process::Command::new("git").args(identity).args(args).current_dir(user.path()).output();
        assert!(!done.unwrap().status.success(), "{args:?} conflicts");
    };
    for (begin, end, said) in [
        (&["merge", "-q", "side"][..], &["merge", "--abort"][..], "a merge is in progress"),
        (&["rebase", "-q", "side"], &["rebase", "--abort"], "a rebase is in progress"),
        (&["cherry-pick", "side"], &["cherry-pick", "--abort"], "a cherry-pick is in progress"),
        (&["revert", "--no-edit", "HEAD~1"], &["revert", "--abort"], "a revert is in progress"),
    ] {
        conflict(begin);
        let notes = user.source().check(None).await.unwrap();
        assert!(notes[0].contains(said), "{notes:?}");
        assert!(notes[1].contains("not committed") && notes.len() == 2, "{notes:?}");
        user.git(end);
    }
}

#[tokio::test]
async fn one_repository_is_the_same_from_every_folder_of_it() {
    let (user, other) = (Fixture::new(&[("sub/a", "1")]), Fixture::new(&[("a", "1")]));
    let linked = user.outside("linked");
    user.git(&["worktree", "add", "-q", linked.to_str().unwrap()]);
    let inner = Source::Local(user.path().join("sub"));
    assert!(user.source().is_same(&inner).await && inner.is_same(&Source::Local(linked)).await);
    assert!(!user.source().is_same(&other.source()).await);
    assert!(!user.source().is_same(&Source::Local(other.outside("nowhere"))).await);
}

#[tokio::test]
async fn objects_that_are_missing_or_damaged_are_named_as_such() {
    for (what, found_at_start) in [("HEAD", true), ("HEAD^{tree}", true), ("HEAD:a", false)] {
        let user = Fixture::new(&[("a", "1")]);
        let id = user.git(&["rev-parse", what]);
        std::fs::remove_file(user.path().join(".git/objects").join(&id[..2]).join(&id[2..])).unwrap();
        let error = if found_at_start {
            user.source().check(None).await.unwrap_err()
        } else {
            let import = user.import().await;
            import.repository.add_worktree("w", &import.base, None).await.unwrap_err()
        };
        assert!(matches!(error, Error::Damaged { .. }), "{what}: {error}");
        assert!(error.to_string().contains("git fsck"), "{what}: {error}");
    }
}

#[tokio::test]
async fn a_partial_clone_needs_only_its_last_commit() {
    let user = Fixture::new(&[("a", "1")]);
    user.write(&[("a", "2")]);
    user.git(&["commit", "-qam", "second"]);
    user.git(&["config", "uploadpack.allowFilter", "true"]);
    let url = format!("file://{}", user.path().display());
    let (bare, full) = (user.outside("without-files"), user.outside("with-files"));
    let clone = ["clone", "-q", "--filter=blob:none"];
    git(&user.path(), &[&clone[..], &["--no-checkout", &url, bare.to_str().unwrap()]].concat());
    git(&user.path(), &[&clone[..], &[&url, full.to_str().unwrap()]].concat());
    let error = Source::Local(bare).check(None).await.unwrap_err();
    assert!(matches!(error, Error::PartialClone { .. }), "{error}");
    let import = Repository::import(&Source::Local(full.clone()), &user.private()).await.unwrap();
    let work = import.repository.add_worktree("w", &import.base, None).await.unwrap();
    write(&work.path().join("a"), "3");
    let tree = work.checkpoint().await.unwrap().tree;
    let commit = import.repository.commit(&committed(tree, &import.base)).await.unwrap();
    let choice = BranchChoice::Suggested("squad/x".parse().unwrap());
    import.repository.deliver(&Source::Local(full.clone()), &choice, &commit).await.unwrap();
    assert_eq!(git(&full, &["show", "squad/x:a"]), "3");
}

#[tokio::test]
async fn many_files_of_a_tree_are_read_at_once_whatever_their_names() {
    let odd = "docs/with\nline break missing\n";
    let user = Fixture::new(&[("a.md", "one\ntwo"), (odd, "odd\n"), ("empty", ""), ("dir/b", "b missing\n")]);
    let import = user.import().await;
    let asked = ["a.md", "gone\nmissing", "dir", odd, "empty", "dir/b"].map(str::to_owned);
    let read = import.repository.read_at(&import.base, &asked).await.unwrap();
    let read: Vec<Option<&[u8]>> = read.iter().map(Option::as_deref).collect();
    assert_eq!(read, [Some(&b"one\ntwo"[..]), None, None, Some(b"odd\n"), Some(b""), Some(b"b missing\n")]);
    assert!(import.repository.read_at(&import.base, &[]).await.unwrap().is_empty());
}

#[tokio::test]
async fn branches_with_names_like_refs_are_told_apart() {
    let user = Fixture::new(&[("a", "1\n")]);
    let head = user.git(&["rev-parse", "HEAD"]);
    user.git(&["checkout", "-q", "-b", "refs/heads/odd"]);
    user.git(&["update-ref", "refs/heads/HEAD", head.trim()]);
    let import = user.import().await;
    assert_eq!(import.branch.as_deref(), Some("refs/heads/odd"));
    assert_eq!(import.base.as_str(), head.trim());
}
