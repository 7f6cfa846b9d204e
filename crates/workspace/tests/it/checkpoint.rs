//! Checkpoints and restoring: exact files, from any state.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{PermissionsExt, symlink};

use crate::support::{Fixture, contents, git, write};

#[tokio::test]
async fn odd_files_come_back_exactly_and_ignored_ones_stay() {
    let user = Fixture::new(&[
        ("a", "1\n"),
        (".gitignore", "/out/\n"),
        (".gitattributes", "*.txt text=auto eol=crlf ident working-tree-encoding=UTF-16\n"),
    ]);
    let import = user.import().await;
    let work = import.repository.add_worktree("w", &import.base, None).await.unwrap();
    let path = work.path();
    write(&path.join("crlf.txt"), "x\r\n$Id$\ny\n");
    write(&path.join("name with\nline break and \"quotes\""), "q");
    write(&path.join("-leading-dash"), "d");
    write(&path.join("Case"), "upper");
    write(&path.join("case"), "lower");
    std::fs::write(path.join(OsStr::from_bytes(b"latin\xe9")), b"\x00\xff").unwrap();
    symlink("/etc/passwd", path.join("link")).unwrap();
    symlink("missing", path.join("dangling")).unwrap();
    write(&path.join("run.sh"), "#!/bin/sh\n");
    std::fs::set_permissions(path.join("run.sh"), PermissionsExt::from_mode(0o755)).unwrap();
    write(&path.join("out/build.o"), "ignored");
    let expected = contents(&path);
    let point = work.checkpoint().await.unwrap();
    assert_eq!(point.left_out, []);

    std::fs::remove_file(path.join("link")).unwrap();
    std::fs::remove_file(path.join("run.sh")).unwrap();
    write(&path.join("run.sh/now/a/folder"), "x");
    write(&path.join("crlf.txt"), "other");
    write(&path.join("junk/deep/file"), "x");
    std::fs::create_dir(path.join("empty")).unwrap();
    work.restore(&point.tree).await.unwrap();
    assert_eq!(contents(&path), expected);
    assert_eq!(work.checkpoint().await.unwrap(), point);
}

#[tokio::test]
async fn any_state_after_a_crash_is_repaired() {
    let user = Fixture::new(&[("src/a", "1\n"), ("src/b", "2\n")]);
    let import = user.import().await;
    let work = import.repository.add_worktree("w", &import.base, None).await.unwrap();
    write(&work.path().join("src/a"), "changed\n");
    write(&work.path().join("new"), "n\n");
    let tree = work.checkpoint().await.unwrap().tree;
    let expected = contents(&work.path());
    let admin = import.repository.git_dir().join("worktrees/w");
    let path = work.path();

    let states: [(&str, &dyn Fn()); 10] = [
        ("lock left behind", &|| write(&admin.join("index.lock"), "half")),
        ("index cut short", &|| write(&admin.join("index"), "DIRC")),
        ("no index", &|| std::fs::remove_file(admin.join("index")).unwrap()),
        ("no metadata", &|| std::fs::remove_dir_all(&admin).unwrap()),
        ("no folder", &|| std::fs::remove_dir_all(&path).unwrap()),
        ("a file instead of the folder", &|| {
            std::fs::remove_dir_all(&path).unwrap();
            write(&path, "x");
        }),
        ("half the files", &|| std::fs::remove_dir_all(path.join("src")).unwrap()),
        ("a link instead of a folder", &|| {
            std::fs::remove_dir_all(path.join("src")).unwrap();
            symlink("/tmp", path.join("src")).unwrap();
        }),
        ("`.git` became a repository", &|| {
            std::fs::remove_file(path.join(".git")).unwrap();
            git(&path, &["init", "-q"]);
        }),
        ("another tree", &|| {
            write(&path.join("src/b"), "other");
            write(&path.join("more"), "x");
        }),
    ];
    for (name, break_it) in states {
        break_it();
        let again = squad_workspace::Repository::open(&user.private()).unwrap().repository;
        let work = again.ensure_worktree("w", &import.base, &tree, None).await.unwrap();
        assert_eq!(contents(&work.path()), expected, "{name}");
        assert_eq!(work.checkpoint().await.unwrap().tree, tree, "{name}");
    }
}

#[tokio::test]
async fn work_that_is_cut_off_anywhere_is_repaired() {
    let files: Vec<(String, String)> =
        (0..200).map(|n| (format!("d{}/f{n}", n % 10), format!("{n}\n").repeat(200))).collect();
    let files: Vec<(&str, &str)> =
        files.iter().map(|(path, content)| (path.as_str(), content.as_str())).collect();
    let user = Fixture::new(&files);
    let import = user.import().await;
    let work = import.repository.add_worktree("w", &import.base, None).await.unwrap();
    let base = work.checkpoint().await.unwrap().tree;
    let at_base = contents(&work.path());
    for (path, _) in files.iter().step_by(2) {
        write(&work.path().join(path), "other\n");
    }
    std::fs::remove_dir_all(work.path().join("d3")).unwrap();
    let other = work.checkpoint().await.unwrap().tree;
    let at_other = contents(&work.path());

    for round in 0..12 {
        let (tree, expected) = if round % 2 == 0 { (&base, &at_base) } else { (&other, &at_other) };
        let moment = std::time::Duration::from_millis(2 * round);
        // Dropping it kills git wherever it is.
        let _ = tokio::time::timeout(moment, work.restore(tree)).await;
        let _ = tokio::time::timeout(moment, work.checkpoint()).await;
        let work = import.repository.ensure_worktree("w", &import.base, tree, None).await.unwrap();
        assert_eq!(&contents(&work.path()), expected, "round {round}");
        assert_eq!(&work.checkpoint().await.unwrap().tree, tree, "round {round}");
    }
}

#[tokio::test]
async fn repositories_made_inside_are_recorded_as_files() {
    let user = Fixture::new(&[("a", "1")]);
    let import = user.import().await;
    let work = import.repository.add_worktree("w", &import.base, None).await.unwrap();
    let path = work.path();
    for (folder, commit) in [("unborn", false), ("born", true), ("born/inner", true), ("deep/er", false)] {
        write(&path.join(folder).join("file"), folder);
        git(&path.join(folder), &["init", "-q"]);
        if commit {
            git(&path.join(folder), &["add", "file"]);
            git(&path.join(folder), &["commit", "-qm", "x"]);
        }
    }
    let point = work.checkpoint().await.unwrap();
    let files: Vec<_> =
        import.repository.files_at(&point.tree).await.unwrap().into_iter().map(|entry| entry.path).collect();
    assert_eq!(files, ["a", "born/file", "born/inner/file", "deep/er/file", "unborn/file"]);
    assert_eq!(point.left_out, []);
    assert_eq!(work.checkpoint().await.unwrap(), point);
    write(&path.join("born/file"), "changed");
    assert_ne!(work.checkpoint().await.unwrap().tree, point.tree);
    work.restore(&point.tree).await.unwrap();
    assert_eq!(work.checkpoint().await.unwrap(), point);
}

#[tokio::test]
async fn what_git_refuses_is_left_out_and_told() {
    let user = Fixture::new(&[("a", "1"), ("b", "2")]);
    let import = user.import().await;
    let work = import.repository.add_worktree("w", &import.base, None).await.unwrap();
    write(&work.path().join("git~1"), "x");
    write(&work.path().join("fine"), "x");
    std::fs::remove_file(work.path().join("b")).unwrap();
    rustix::fs::mknodat(
        rustix::fs::CWD,
        work.path().join("b"),
        rustix::fs::FileType::Fifo,
        rustix::fs::Mode::RWXU,
        0,
    )
    .unwrap();
    rustix::fs::mknodat(
        rustix::fs::CWD,
        work.path().join("pipe"),
        rustix::fs::FileType::Fifo,
        rustix::fs::Mode::RWXU,
        0,
    )
    .unwrap();
    let point = work.checkpoint().await.unwrap();
    let told: String = point.left_out.iter().map(|left| left.reason.clone() + "\n").collect();
    assert!(told.contains("git~1") && told.contains("b: can only add"), "{told}");
    assert!(import.repository.file_at(&point.tree, "fine").await.unwrap().is_some());
    work.restore(&point.tree).await.unwrap();
    assert_eq!(std::fs::read_to_string(work.path().join("b")).unwrap(), "2");
}

#[tokio::test]
async fn pipes_that_git_would_wait_on_are_deleted() {
    let user = Fixture::new(&[("a", "1")]);
    let import = user.import().await;
    let work = import.repository.add_worktree("w", &import.base, None).await.unwrap();
    let pipe = |path: &str| {
        let path = work.path().join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        rustix::fs::mknodat(rustix::fs::CWD, path, rustix::fs::FileType::Fifo, rustix::fs::Mode::RWXU, 0)
            .unwrap();
    };
    write(&work.path().join("inner/.git/refs/x"), "");
    write(&work.path().join("inner/.git/objects/x"), "");
    let traps = [".gitignore", "new/.gitattributes", "inner/.git/HEAD", "other/.git"];
    traps.iter().for_each(|path| pipe(path));
    let point = work.checkpoint().await.unwrap();
    assert_eq!(point.left_out.len(), traps.len(), "{:?}", point.left_out);
    traps.iter().for_each(|path| pipe(path));
    work.restore(&point.tree).await.unwrap();
    assert_eq!(work.checkpoint().await.unwrap().tree, point.tree);
}

#[tokio::test]
async fn ignored_files_give_way_to_files_of_the_tree() {
    let user = Fixture::new(&[("a", "1")]);
    let import = user.import().await;
    let work = import.repository.add_worktree("w", &import.base, None).await.unwrap();
    write(&work.path().join("out"), "a file\n");
    let tree = work.checkpoint().await.unwrap().tree;
    std::fs::remove_file(work.path().join("out")).unwrap();
    write(&work.path().join(".gitignore"), "out/\n");
    write(&work.path().join("out/build.o"), "x");
    work.checkpoint().await.unwrap();
    work.restore(&tree).await.unwrap();
    assert_eq!(std::fs::read_to_string(work.path().join("out")).unwrap(), "a file\n");
    assert_eq!(work.checkpoint().await.unwrap().tree, tree);
}

#[tokio::test]
async fn whoever_takes_over_waits_for_a_git_that_was_left_behind() {
    let user = Fixture::new(&[("a", "1")]);
    let import = user.import().await;
    let work = import.repository.add_worktree("w", &import.base, None).await.unwrap();
    let base = import.repository.tree_of(&import.base).await.unwrap();
    // As a git of a killed worker would, a process that nobody waits for holds the lock as its standard input.
    let lock = std::fs::File::open(user.private().join("locks/w")).unwrap();
    rustix::fs::flock(&lock, rustix::fs::FlockOperation::NonBlockingLockExclusive).unwrap();
    let mut left_behind = std::process::Command::new("sleep").arg("600").stdin(lock).spawn().unwrap();
    let again = squad_workspace::Repository::open(&user.private()).unwrap().repository;
    let mut taking_over = Box::pin(again.ensure_worktree("w", &import.base, &base, None));
    // With the clock paused a second passes at once, however often the lock is tried in it.
    tokio::time::pause();
    let waiting = tokio::time::timeout(std::time::Duration::from_secs(1), &mut taking_over).await.is_err();
    tokio::time::resume();
    left_behind.kill().unwrap();
    left_behind.wait().unwrap();
    assert!(waiting);
    taking_over.await.unwrap();
    assert_eq!(work.checkpoint().await.unwrap().tree, base);
}

#[tokio::test]
async fn files_of_a_worktree_belong_to_the_sandbox_user() {
    use std::os::unix::fs::MetadataExt;
    if !rustix::process::geteuid().is_root() {
        return;
    }
    let user = Fixture::new(&[("sub/a", "1")]);
    let import = user.import().await;
    let owner = squad_workspace::Owner { uid: 4242, gid: 4243 };
    let work = import.repository.add_worktree("w", &import.base, Some(owner)).await.unwrap();
    symlink("/etc/hostname", work.path().join("link")).unwrap();
    let tree = work.checkpoint().await.unwrap().tree;
    work.restore(&tree).await.unwrap();
    let who = |name: &str| work.path().join(name).symlink_metadata().map(|m| (m.uid(), m.gid())).unwrap();
    for name in ["", "sub", "sub/a", "link"] {
        assert_eq!(who(name), (4242, 4243), "{name}");
    }
    assert_eq!(who(".git").0, 0);
    assert_eq!(std::fs::metadata("/etc/hostname").unwrap().uid(), 0);
    work.files(None).unwrap().write("new/file", "x", &Default::default()).await.unwrap();
    assert_eq!((who("new"), who("new/file")), ((4242, 4243), (4242, 4243)));
}

#[tokio::test]
async fn git_reads_inside_a_worktree_as_the_sandbox_would() {
    use std::os::unix::process::CommandExt;
    let user = Fixture::new(&[("a", "1\n")]);
    std::fs::set_permissions(user.path().parent().unwrap(), PermissionsExt::from_mode(0o755)).unwrap();
    let import = user.import().await;
    let root = rustix::process::geteuid().is_root();
    let owner = root.then_some(squad_workspace::Owner { uid: 4242, gid: 4243 });
    let work = import.repository.add_worktree("w", &import.base, owner).await.unwrap();
    let inside = |args: &[&str]| {
        let mut git = std::process::Command::new("git");
        git.args(args).current_dir(work.path()).envs(work.sandbox_environment()).env("HOME", "/nowhere");
        if let Some(owner) = owner {
            git.uid(owner.uid).gid(owner.gid);
        }
        let output = git.output().unwrap();
        assert!(output.status.success(), "{args:?}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap()
    };
    assert_eq!(inside(&["rev-parse", "HEAD"]).trim(), import.base.as_str());
    assert_eq!(inside(&["status", "--porcelain"]), "");
    write(&work.path().join("a"), "2\n");
    work.checkpoint().await.unwrap();
    assert_eq!(inside(&["status", "--porcelain"]), "M  a\n");
    assert!(inside(&["log", "--oneline"]).ends_with("base\n"));
    assert_eq!(work.read_only_paths(), [import.repository.git_dir()]);
}

#[tokio::test]
async fn python_imports_the_project_from_the_worktree() {
    for (files, expected) in [
        (&[("pyproject.toml", ""), ("src/shop/__init__.py", ""), ("src/notes/a.txt", "")][..], Some("src")),
        (&[("setup.py", ""), ("src/shop.py", "")], Some("src")),
        (&[("setup.cfg", ""), ("shop.py", ""), ("src/main.c", "")], Some(".")),
        (&[("src/tool.py", ""), ("Cargo.toml", "")], None),
    ] {
        let user = Fixture::new(files);
        let import = user.import().await;
        let work = import.repository.add_worktree("w", &import.base, None).await.unwrap();
        let environment = work.sandbox_environment();
        let found =
            environment.iter().find(|(name, _)| name == "PYTHONPATH").map(|(_, value)| value.as_str());
        assert_eq!(found, expected, "{files:?}");
    }
}

#[tokio::test]
async fn folders_without_permissions_do_not_stop_anything() {
    let user = Fixture::new(&[("src/a", "1"), ("b", "2")]);
    let import = user.import().await;
    let work = import.repository.add_worktree("w", &import.base, None).await.unwrap();
    let tree = work.checkpoint().await.unwrap().tree;
    let expected = contents(&work.path());
    write(&work.path().join("closed/deep/file"), "x");
    for folder in ["closed/deep", "closed", "src"] {
        std::fs::set_permissions(work.path().join(folder), PermissionsExt::from_mode(0o000)).unwrap();
    }
    work.checkpoint().await.unwrap();
    work.restore(&tree).await.unwrap();
    std::fs::set_permissions(work.path().join("src"), PermissionsExt::from_mode(0o755)).unwrap();
    assert_eq!(contents(&work.path()), expected);
}

#[tokio::test]
async fn removed_worktrees_leave_nothing() {
    let user = Fixture::new(&[("a", "1\n")]);
    let import = user.import().await;
    let work = import.repository.add_worktree("w", &import.base, None).await.unwrap();
    write(&work.path().join("closed/file"), "x");
    std::fs::set_permissions(work.path().join("closed"), PermissionsExt::from_mode(0o000)).unwrap();
    import.repository.remove_worktree("w").await.unwrap();
    import.repository.remove_worktree("w").await.unwrap();
    assert!(!work.path().exists() && !import.repository.git_dir().join("worktrees/w").exists());
    for bad in ["", "..", "a/b", "-x", ".git", "x.lock"] {
        assert!(import.repository.add_worktree(bad, &import.base, None).await.is_err(), "{bad}");
    }
}

#[tokio::test]
async fn what_a_setup_left_is_shared_but_never_through_a_link() {
    let user = Fixture::new(&[(".gitignore", "node_modules/\n/out/\n"), ("packages/a/index.js", "1\n")]);
    let import = user.import().await;
    let setup = import.repository.add_worktree("setup", &import.base, None).await.unwrap();
    write(&setup.path().join("node_modules/dep/index.js"), "dep");
    write(&setup.path().join("packages/a/node_modules/b/index.js"), "b");
    write(&setup.path().join("new-but-not-ignored"), "n");
    let before = setup.checkpoint().await.unwrap().tree;

    let work = import.repository.add_worktree("work", &import.base, None).await.unwrap();
    for _ in 0..2 {
        setup.share_ignored(&work).await.unwrap();
    }
    let read = |path: &str| std::fs::read_to_string(work.path().join(path)).ok();
    assert_eq!(read("node_modules/dep/index.js").as_deref(), Some("dep"));
    assert_eq!(read("packages/a/node_modules/b/index.js").as_deref(), Some("b"));
    assert_eq!(read("new-but-not-ignored"), None, "what git would record stays where it was made");
    assert_ne!(work.checkpoint().await.unwrap().tree, before);

    let outside = user.outside("elsewhere");
    std::fs::create_dir_all(outside.join("a")).unwrap();
    let linked = import.repository.add_worktree("linked", &import.base, None).await.unwrap();
    std::fs::remove_dir_all(linked.path().join("packages")).unwrap();
    symlink(&outside, linked.path().join("packages")).unwrap();
    setup.share_ignored(&linked).await.unwrap();
    assert!(!outside.join("a/node_modules").exists(), "a link leads nothing out of the worktree");
}
