//! Worktrees that are made ahead: the same files as ever, whatever happens to them.

use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};
use std::path::Path;
use std::time::Duration;

use squad_workspace::{CommitId, Import, Owner, Repository, TreeId, Workspace};

use crate::support::{Fixture, contents, write};

/// Enough for a spare.
const MANY: usize = 300;

/// The user that commands would be, where the tests may give files away.
fn owner() -> Option<Owner> {
    rustix::process::geteuid().is_root().then_some(Owner { uid: 4242, gid: 4243 })
}

fn large() -> Fixture {
    let files: Vec<(String, String)> =
        (0..MANY).map(|n| (format!("d{}/f{n}", n % 7), format!("{n}\n"))).collect();
    let files: Vec<(&str, &str)> = files.iter().map(|(path, text)| (path.as_str(), text.as_str())).collect();
    let user = Fixture::new(&[]);
    user.write(&files);
    user.write(&[(".gitignore", "/out/\n"), ("run.sh", "#!/bin/sh\n"), ("place/was a file", "x")]);
    user.write(&[("out/ignored", "never")]);
    std::fs::set_permissions(user.path().join("run.sh"), PermissionsExt::from_mode(0o755)).unwrap();
    symlink("run.sh", user.path().join("link")).unwrap();
    user.git(&["add", "-A"]);
    user.git(&["commit", "-q", "-m", "base"]);
    user
}

/// All files with their owners, without the pointer, which names the worktree.
fn files(work: &Workspace) -> Vec<String> {
    let mut found = contents(&work.path());
    found.retain(|line| !line.starts_with("\".git\""));
    let who = |path: &Path| path.symlink_metadata().map(|found| (found.uid(), found.gid())).unwrap();
    let mut waiting = vec![work.path()];
    while let Some(path) = waiting.pop() {
        if path != work.path().join(".git") {
            assert_eq!(Some(who(&path)), Some(owner().map_or(who(&path), |owner| (owner.uid, owner.gid))));
        }
        if path.symlink_metadata().unwrap().is_dir() {
            waiting.extend(path.read_dir().unwrap().map(|entry| entry.unwrap().path()));
        }
    }
    found
}

fn number(path: &Path) -> u64 {
    path.symlink_metadata().unwrap().ino()
}

fn spare_folder(import: &Import) -> std::path::PathBuf {
    import.repository.git_dir().parent().unwrap().join("worktrees/.spare")
}

async fn tree(import: &Import) -> TreeId {
    import.repository.tree_of(&import.base).await.unwrap()
}

/// Makes sure that a worktree holds exactly what it should, for the host and for whoever works in it.
async fn check(work: &Workspace, expected: &[String], tree: &TreeId, head: &CommitId, what: &str) {
    assert_eq!(files(work), expected, "{what}");
    assert_eq!(work.checkpoint().await.unwrap().tree, *tree, "{what}");
    let inside = |args: &[&str]| {
        let git = std::process::Command::new("git")
            .args(args)
            .current_dir(work.path())
            .envs(work.sandbox_environment())
            .output()
            .unwrap();
        assert!(git.status.success(), "{what}: {}", String::from_utf8_lossy(&git.stderr));
        String::from_utf8(git.stdout).unwrap().trim().to_owned()
    };
    assert_eq!(inside(&["rev-parse", "HEAD"]), head.as_str(), "{what}");
    assert_eq!(inside(&["rev-parse", "--show-toplevel"]), work.path().display().to_string(), "{what}");
    assert_eq!(inside(&["status", "--porcelain"]), "", "{what}");
    // What is written from here on is found.
    write(&work.path().join("d0/f0"), "edited\n");
    write(&work.path().join("new"), "new\n");
    let edited = work.checkpoint().await.unwrap().tree;
    let repository = work.repository();
    assert_eq!(repository.file_at(&edited, "d0/f0").await.unwrap().unwrap(), b"edited\n", "{what}");
    assert_eq!(repository.changes(tree, &edited).await.unwrap().len(), 2, "{what}");
}

/// What a member does to its files.
type Edit<'a> = &'a dyn Fn(&Workspace);

#[tokio::test]
async fn a_taken_spare_is_the_worktree_that_would_have_been_made() {
    let user = large();
    let import = user.import().await;
    let repository = &import.repository;
    let tree = tree(&import).await;
    let plain = repository.ensure_worktree("plain", &import.base, &tree, owner()).await.unwrap();
    let expected = files(&plain);

    repository.prepare_spare(&import.base, owner()).await.unwrap();
    assert!(repository.has_spare());
    let made = number(&spare_folder(&import).join("d0/f0"));
    repository.prepare_spare(&import.base, owner()).await.unwrap();
    let work = repository.ensure_worktree("w", &import.base, &tree, owner()).await.unwrap();
    assert_eq!(number(&work.path().join("d0/f0")), made, "taken, and one ahead is enough");
    assert!(!repository.has_spare() && !spare_folder(&import).exists());
    check(&work, &expected, &tree, &import.base, "taken").await;

    // A worktree that is there already is none of its business.
    repository.prepare_spare(&import.base, owner()).await.unwrap();
    let work = repository.ensure_worktree("w", &import.base, &tree, owner()).await.unwrap();
    assert!(repository.has_spare());
    assert_eq!(files(&work), expected);
    // For another user it is not the right one.
    repository.ensure_worktree("other", &import.base, &tree, None).await.unwrap();
    assert_eq!(contents(&work.path()).len(), expected.len() + 1);
}

#[tokio::test]
async fn a_spare_is_brought_to_another_commit() {
    let user = large();
    let import = user.import().await;
    let repository = &import.repository;
    let base = tree(&import).await;
    let path = |work: &Workspace, name: &str| work.path().join(name);
    let few = |work: &Workspace| {
        write(&path(work, "d1/f1"), "changed\n");
        write(&path(work, "deep/er/new [x]*"), "new\n");
        write(&path(work, ":(top)odd"), "odd\n");
        std::fs::remove_file(path(work, "d2/f2")).unwrap();
        std::fs::remove_dir_all(path(work, "d3")).unwrap();
        write(&path(work, "d3"), "a file where a folder was\n");
        std::fs::remove_dir_all(path(work, "place")).unwrap();
        symlink("d1", path(work, "place")).unwrap();
        std::fs::remove_file(path(work, "link")).unwrap();
        write(&path(work, "link/now/a folder"), "x");
        std::fs::set_permissions(path(work, "run.sh"), PermissionsExt::from_mode(0o644)).unwrap();
    };
    let many = |work: &Workspace| {
        (1..=MANY).for_each(|n| write(&path(work, &format!("more/f{n}")), "more\n"));
        few(work);
    };
    let changes: [(&str, Edit<'_>); 2] = [("few", &few), ("many", &many)];
    for (what, change) in changes {
        let source = format!("source-{what}");
        let work = repository.ensure_worktree(&source, &import.base, &base, owner()).await.unwrap();
        change(&work);
        let tree = work.checkpoint().await.unwrap().tree;
        let work = repository.ensure_worktree(&source, &import.base, &tree, owner()).await.unwrap();
        let expected = files(&work);
        let request = squad_workspace::CommitRequest {
            tree: tree.clone(),
            parents: vec![import.base.clone()],
            message: what.to_owned(),
            author: "A".to_owned(),
            unix_seconds: 0,
        };
        let commit = repository.commit(&request).await.unwrap();

        repository.prepare_spare(&import.base, owner()).await.unwrap();
        let made = number(&spare_folder(&import).join("d0/f0"));
        let work = repository.ensure_worktree(what, &commit, &tree, owner()).await.unwrap();
        assert_eq!(number(&work.path().join("d0/f0")), made, "{what}");
        check(&work, &expected, &tree, &commit, what).await;

        // And back, from a spare of that commit.
        repository.prepare_spare(&commit, owner()).await.unwrap();
        let plain = repository.ensure_worktree("plain", &import.base, &base, owner()).await.unwrap();
        let expected = files(&plain);
        check(&plain, &expected, &base, &import.base, what).await;
        repository.remove_worktree("plain").await.unwrap();
    }
}

#[tokio::test]
async fn a_spare_knows_the_submodules_of_what_it_becomes() {
    let library = Fixture::new(&[("lib", "1\n")]);
    let user = large();
    let without = user.git(&["rev-parse", "HEAD"]).parse::<CommitId>().unwrap();
    user.git(&["submodule", "--quiet", "add", &library.path().display().to_string(), "vendor"]);
    user.git(&["commit", "-q", "-m", "submodule"]);
    let import = user.import().await;
    let repository = &import.repository;
    for (from, to) in [
        (&import.base, &import.base),
        (&without, &import.base),
        (&import.base, &without),
        (&without, &without),
    ] {
        repository.prepare_spare(from, None).await.unwrap();
        assert!(repository.has_spare());
        let tree = repository.tree_of(to).await.unwrap();
        let work = repository.ensure_worktree("w", to, &tree, None).await.unwrap();
        assert!(!repository.has_spare());
        assert_eq!(work.checkpoint().await.unwrap().tree, tree);
        assert_eq!(work.path().join("vendor").is_dir(), *to == import.base);
        repository.remove_worktree("w").await.unwrap();
    }
}

#[tokio::test]
async fn whatever_a_kill_leaves_is_repaired() {
    let user = large();
    let import = user.import().await;
    let tree = tree(&import).await;
    let plain = import.repository.ensure_worktree("plain", &import.base, &tree, owner()).await.unwrap();
    let expected = files(&plain);
    let worktrees = user.private().join("worktrees");
    let admins = import.repository.git_dir().join("worktrees");
    let rename = |from: &Path, to: &str| std::fs::rename(from, from.with_file_name(to)).unwrap();
    let (spare, admin) = (worktrees.join(".spare"), admins.join(".spare"));

    let states: [(&str, &dyn Fn()); 9] = [
        ("ready, and nobody knows", &|| {}),
        ("no metadata yet", &|| std::fs::remove_dir_all(&admin).unwrap()),
        ("half the files, no index", &|| {
            std::fs::remove_dir_all(spare.join("d4")).unwrap();
            std::fs::remove_file(admin.join("index")).unwrap();
            write(&admin.join("index.lock"), "half");
        }),
        ("files that never reached the disk", &|| {
            for n in [0, 7, 14] {
                let file = std::fs::OpenOptions::new().write(true).open(spare.join(format!("d0/f{n}")));
                file.unwrap().set_len(0).unwrap();
            }
        }),
        ("something that nobody wrote", &|| write(&spare.join("planted"), "x")),
        ("about to be renamed", &|| std::fs::remove_file(admin.join("ready")).unwrap()),
        ("only the metadata renamed", &|| rename(&admin, "w")),
        ("only the files renamed", &|| rename(&spare, "w")),
        ("renamed, and not tied together", &|| {
            rename(&admin, "w");
            rename(&spare, "w");
        }),
    ];
    for (state, break_it) in states {
        let dead = Repository::open(&user.private()).unwrap().repository;
        dead.prepare_spare(&import.base, owner()).await.unwrap();
        assert!(dead.has_spare(), "{state}");
        break_it();
        let heir = Repository::open(&user.private()).unwrap().repository;
        let work = heir.ensure_worktree("w", &import.base, &tree, owner()).await.unwrap();
        check(&work, &expected, &tree, &import.base, state).await;
        heir.prepare_spare(&import.base, owner()).await.unwrap();
        assert!(heir.has_spare(), "{state}");
        let work = heir.ensure_worktree("next", &import.base, &tree, owner()).await.unwrap();
        assert!(!heir.has_spare() && !spare.exists() && !admin.exists(), "{state}");
        check(&work, &expected, &tree, &import.base, state).await;
        for name in ["w", "next"] {
            heir.remove_worktree(name).await.unwrap();
        }
    }
}

#[tokio::test]
async fn a_process_that_was_frozen_does_not_take_the_spare_of_another() {
    let user = large();
    let import = user.import().await;
    let tree = tree(&import).await;
    let frozen = &import.repository;
    frozen.prepare_spare(&import.base, owner()).await.unwrap();
    let other = Repository::open(&user.private()).unwrap().repository;
    other.prepare_spare(&import.base, owner()).await.unwrap();
    let made = number(&spare_folder(&import).join("d0/f0"));

    let work = frozen.ensure_worktree("thawed", &import.base, &tree, owner()).await.unwrap();
    assert_ne!(number(&work.path().join("d0/f0")), made);
    let expected = files(&work);
    check(&work, &expected, &tree, &import.base, "thawed").await;
    let work = other.ensure_worktree("other", &import.base, &tree, owner()).await.unwrap();
    assert_eq!(number(&work.path().join("d0/f0")), made);
    check(&work, &expected, &tree, &import.base, "other").await;
}

#[tokio::test]
async fn worktrees_that_are_wanted_at_once_share_no_spare() {
    let user = large();
    let import = user.import().await;
    let tree = tree(&import).await;
    let repository = &import.repository;
    let mut expected = None;
    for round in 0..3 {
        let names = ["a", "b", "c"].map(|name| format!("{name}{round}"));
        repository.prepare_spare(&import.base, owner()).await.unwrap();
        let make = |name| repository.ensure_worktree(name, &import.base, &tree, owner());
        let (ahead, a, b, c) = tokio::join!(
            repository.prepare_spare(&import.base, owner()),
            make(&names[0]),
            make(&names[1]),
            make(&names[2]),
        );
        ahead.unwrap();
        for work in [a.unwrap(), b.unwrap(), c.unwrap()] {
            let expected = expected.get_or_insert_with(|| files(&work)).clone();
            check(&work, &expected, &tree, &import.base, work.name()).await;
        }
    }
}

#[tokio::test]
async fn a_spare_that_is_cut_off_anywhere_does_no_harm() {
    let user = large();
    let import = user.import().await;
    let tree = tree(&import).await;
    let repository = &import.repository;
    let plain = repository.ensure_worktree("plain", &import.base, &tree, owner()).await.unwrap();
    let expected = files(&plain);
    for moment in (0..60).step_by(4).map(Duration::from_millis) {
        // Dropping them kills git wherever it is.
        let _ = tokio::time::timeout(moment, repository.prepare_spare(&import.base, owner())).await;
        let taking = repository.ensure_worktree("w", &import.base, &tree, owner());
        let _ = tokio::time::timeout(moment / 4, taking).await;
        let work = repository.ensure_worktree("w", &import.base, &tree, owner()).await.unwrap();
        check(&work, &expected, &tree, &import.base, &format!("{moment:?}")).await;
        repository.remove_worktree("w").await.unwrap();
    }
}

#[tokio::test]
async fn removing_everything_waits_for_a_spare_under_way() {
    let user = large();
    for moment in (0..60).step_by(4).map(Duration::from_millis) {
        let import = user.import().await;
        let ahead = import.repository.prepare_spare(&import.base, owner());
        let _ = tokio::time::timeout(moment, ahead).await;
        Repository::remove_at(&user.private()).await.unwrap();
        assert!(!user.private().exists(), "{moment:?}");
        import.repository.prepare_spare(&import.base, owner()).await.unwrap();
        assert!(!user.private().exists(), "{moment:?}: nothing comes back");
    }
}

#[tokio::test]
async fn removing_everything_waits_for_a_git_that_a_killed_process_left() {
    let user = large();
    let import = user.import().await;
    import.repository.prepare_spare(&import.base, owner()).await.unwrap();
    let lock = std::fs::File::open(user.private().join("locks/.spare")).unwrap();
    rustix::fs::flock(&lock, rustix::fs::FlockOperation::NonBlockingLockExclusive).unwrap();
    let mut left_behind = std::process::Command::new("sleep").arg("600").stdin(lock).spawn().unwrap();
    let private = user.private();
    let mut removing = Box::pin(Repository::remove_at(&private));
    // With the clock paused a second passes at once, however often the lock is tried in it.
    tokio::time::pause();
    let waiting = tokio::time::timeout(Duration::from_secs(1), &mut removing).await.is_err();
    tokio::time::resume();
    left_behind.kill().unwrap();
    left_behind.wait().unwrap();
    assert!(waiting && private.exists());
    removing.await.unwrap();
    assert!(!private.exists());
}

#[tokio::test]
async fn a_small_repository_gets_none() {
    let user = Fixture::new(&[("a", "1"), ("b/c", "2")]);
    let import = user.import().await;
    import.repository.prepare_spare(&import.base, None).await.unwrap();
    assert!(!import.repository.has_spare() && !spare_folder(&import).exists());
    assert!(import.repository.add_worktree(".spare", &import.base, None).await.is_err(), "the name is ours");
}
