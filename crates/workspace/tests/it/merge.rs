//! Commits, diffs, history and merging.

use squad_workspace::{ChangeKind, CommitId, CommitRequest, MergeOutcome, Repository, Workspace};

use crate::support::{Fixture, write};

fn request(tree: squad_workspace::TreeId, parents: &[&CommitId], message: &str) -> CommitRequest {
    let parents = parents.iter().map(|id| (*id).clone()).collect();
    CommitRequest {
        tree,
        parents,
        message: message.into(),
        author: "Bea <x>\n".into(),
        unix_seconds: 1_700_000_000,
    }
}

async fn commit(
    repository: &Repository,
    work: &Workspace,
    parent: &CommitId,
    files: &[(&str, &str)],
    message: &str,
) -> CommitId {
    for (path, content) in files {
        write(&work.path().join(path), content);
    }
    let tree = work.checkpoint().await.unwrap().tree;
    repository.commit(&request(tree, &[parent], message)).await.unwrap()
}

#[tokio::test]
async fn the_same_commit_gets_the_same_id_and_names_the_member() {
    let user = Fixture::new(&[("a", "1\n")]);
    let import = user.import().await;
    let tree = import.repository.tree_of(&import.base).await.unwrap();
    let first =
        import.repository.commit(&request(tree.clone(), &[&import.base], "subject\n\nbody\n")).await.unwrap();
    let second =
        import.repository.commit(&request(tree.clone(), &[&import.base], "subject\n\nbody")).await.unwrap();
    assert_eq!(first, second);
    let log = import.repository.log(&import.base, &first, 10).await.unwrap();
    assert_eq!(log.len(), 1);
    assert_eq!(
        (log[0].author.as_str(), log[0].subject.as_str(), log[0].unix_seconds),
        ("Bea x", "subject", 1_700_000_000)
    );
    for author in ["", "<>", "...", "\n"] {
        let nameless =
            CommitRequest { author: author.into(), message: String::new(), ..request(tree.clone(), &[], "") };
        import.repository.commit(&nameless).await.unwrap();
    }
    assert!(import.repository.is_ancestor(&import.base, &first).await.unwrap());
    assert!(!import.repository.is_ancestor(&first, &import.base).await.unwrap());
}

#[tokio::test]
async fn diffs_are_bounded_and_changes_are_counted() {
    let long = "line\n".repeat(100);
    let user = Fixture::new(&[("old name.txt", &long), ("gone", "1\n"), ("kept", "1\n2\n")]);
    let import = user.import().await;
    let work = import.repository.add_worktree("w", &import.base, None).await.unwrap();
    std::fs::remove_file(work.path().join("gone")).unwrap();
    std::fs::rename(work.path().join("old name.txt"), work.path().join("new\tname.txt")).unwrap();
    std::fs::write(work.path().join("image"), [0, 1, 2]).unwrap();
    write(&work.path().join("kept"), "1\n3\n4\n");
    let tree = work.checkpoint().await.unwrap().tree;

    let changes = import.repository.changes(&import.base, &tree).await.unwrap();
    let short: Vec<_> =
        changes.iter().map(|c| (c.path.as_str(), c.kind, c.added, c.removed, c.binary)).collect();
    assert_eq!(
        short,
        [
            ("gone", ChangeKind::Deleted, 0, 1, false),
            ("image", ChangeKind::Added, 0, 0, true),
            ("kept", ChangeKind::Modified, 2, 1, false),
            ("new\tname.txt", ChangeKind::Renamed, 0, 0, false),
        ]
    );
    assert_eq!(changes[2].to_string(), "M kept +2 -1");
    assert_eq!(changes[3].old_path.as_deref(), Some("old name.txt"));
    let one = import.repository.diff(&import.base, &tree, Some("./kept"), 4096).await.unwrap();
    assert!(
        one.text.ends_with(" 1\n-2\n+3\n+4\n") && !one.text.contains("gone") && !one.truncated,
        "{}",
        one.text
    );
    let cut = import.repository.diff(&import.base, &tree, None, 100).await.unwrap();
    assert!(cut.truncated && cut.text.len() <= 100 && cut.text.ends_with('\n'), "{}", cut.text);
    assert_eq!(import.repository.file_at(&tree, "kept").await.unwrap().unwrap(), b"1\n3\n4\n");
    assert_eq!(import.repository.file_at(&tree, "gone").await.unwrap(), None);
}

#[tokio::test]
async fn merges_are_clean_or_start_a_resolver_from_the_markers() {
    let user = Fixture::new(&[("a", "1\n2\n3\n"), ("b", "x\n"), ("c", "x\n")]);
    let import = user.import().await;
    let repository = &import.repository;
    let [left, right] = ["l", "r"].map(|name| repository.add_worktree(name, &import.base, None));
    let (left, right) = (left.await.unwrap(), right.await.unwrap());
    let ours = commit(repository, &left, &import.base, &[("a", "one\n2\n3\n")], "ours").await;
    let theirs = commit(repository, &right, &import.base, &[("new", "n\n")], "theirs").await;
    let MergeOutcome::Clean { tree } = repository.merge(&ours, &theirs).await.unwrap() else {
        panic!("fits together")
    };
    assert_eq!(repository.file_at(&tree, "a").await.unwrap().unwrap(), b"one\n2\n3\n");
    assert!(repository.file_at(&tree, "new").await.unwrap().is_some());

    std::fs::remove_file(right.path().join("c")).unwrap();
    let theirs = commit(repository, &right, &theirs, &[("a", "eins\n2\n3\n")], "clash").await;
    let ours = commit(repository, &left, &ours, &[("c", "y\n")], "clash").await;
    let outcome = repository.merge(&ours, &theirs).await.unwrap();
    let MergeOutcome::Conflict { tree_with_markers, files, messages } = outcome else { panic!("clashes") };
    assert_eq!(files, ["a", "c"]);
    assert!(messages.iter().any(|text| text.contains("modify/delete")), "{messages:?}");
    assert_eq!(repository.has_conflict_markers(&tree_with_markers, &files).await.unwrap(), ["a"]);

    let resolver = repository.ensure_worktree("resolve", &ours, &tree_with_markers, None).await.unwrap();
    let text = std::fs::read_to_string(resolver.path().join("a")).unwrap();
    assert!(text.contains("<<<<<<<") && text.contains("eins"), "{text}");
    write(&resolver.path().join("a"), "one eins\n2\n3\n=======\n");
    let tree = resolver.checkpoint().await.unwrap().tree;
    assert!(repository.has_conflict_markers(&tree, &files).await.unwrap().is_empty());
    let merged = repository.commit(&request(tree, &[&ours, &theirs], "merge")).await.unwrap();
    assert!(repository.is_ancestor(&theirs, &merged).await.unwrap());
}
