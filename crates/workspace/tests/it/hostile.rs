//! Repositories that try to start a program on the host. Each attempt would leave a mark.

use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};

use squad_workspace::{BranchChoice, CommitRequest, MergeOutcome, Source};

use crate::support::{Fixture, git, write};

const HOOKS: &[&str] = &[
    "post-checkout",
    "post-index-change",
    "pre-commit",
    "reference-transaction",
    "pre-auto-gc",
    "pre-push",
    "pre-receive",
    "update",
    "post-receive",
    "post-update",
    "proc-receive",
    "fsmonitor-watchman",
];

/// A program that leaves a mark, and what to look for.
struct Trap {
    program: PathBuf,
    mark: PathBuf,
}

impl Trap {
    fn set(folder: &Path) -> Self {
        let trap = Self { program: folder.join("evil.sh"), mark: folder.join("mark") };
        let script = format!("#!/bin/sh\necho \"$0 $*\" >> {}\ncat\n", trap.mark.display());
        write(&trap.program, &script);
        std::fs::set_permissions(&trap.program, PermissionsExt::from_mode(0o755)).unwrap();
        trap
    }

    /// Puts the program wherever a git directory can name one.
    fn arm(&self, git_dir: &Path) {
        for hook in HOOKS {
            std::fs::create_dir_all(git_dir.join("hooks")).unwrap();
            let _ = std::fs::remove_file(git_dir.join("hooks").join(hook));
            symlink(&self.program, git_dir.join("hooks").join(hook)).unwrap();
        }
        let evil = self.program.display();
        let config = format!(
            "[core]\n\tfsmonitor = {evil}\n\thooksPath = {hooks}\n\tpager = {evil}\n\teditor = {evil}\n\tsshCommand = {evil}\n\taskPass = {evil}\n\
             \talternateRefsCommand = {evil}\n[diff]\n\texternal = {evil}\n[filter \"evil\"]\n\tclean = {evil}\n\tsmudge = {evil}\n\tprocess = {evil}\n\trequired = true\n\
             [diff \"evil\"]\n\ttextconv = {evil}\n\tcommand = {evil}\n[merge \"evil\"]\n\tdriver = {evil}\n[uploadpack]\n\tpackObjectsHook = {evil}\n[gpg]\n\tprogram = {evil}\n\
             [commit]\n\tgpgSign = true\n[log]\n\tshowSignature = true\n[credential]\n\thelper = !{evil}\n[url \"ext::{evil} \"]\n\tinsteadOf = /\n\
             [protocol \"ext\"]\n\tallow = always\n[gc]\n\tauto = 1\n[maintenance]\n\tauto = true\n[receive]\n\tdenyCurrentBranch = ignore\n",
            hooks = git_dir.join("hooks").display(),
        );
        let path = git_dir.join("config");
        let old = std::fs::read_to_string(&path).unwrap_or_default();
        write(&path, &(old + &config));
        write(&git_dir.join("info/attributes"), "* filter=evil diff=evil merge=evil\n");
    }

    fn assert_untouched(&self, after: &str) {
        let mark = std::fs::read_to_string(&self.mark).unwrap_or_default();
        assert_eq!(mark, "", "after {after}");
    }
}

const ATTRIBUTES: &str = "* filter=evil diff=evil merge=evil\n";

#[tokio::test]
async fn the_trap_works_with_a_git_that_is_not_neutralized() {
    let user = Fixture::new(&[("a", "1\n"), (".gitattributes", ATTRIBUTES)]);
    let trap = Trap::set(&user.outside("trap"));
    trap.arm(&user.path().join(".git"));
    let _ = std::process::Command::new("git").args(["status"]).current_dir(user.path()).output().unwrap();
    assert!(trap.mark.exists());
}

#[tokio::test]
async fn nothing_of_a_hostile_source_or_worktree_runs_on_the_host() {
    let user = Fixture::new(&[("a", "1\n2\n3\n"), ("sub/b", "1\n"), (".gitattributes", ATTRIBUTES)]);
    let trap = Trap::set(&user.outside("trap"));
    trap.arm(&user.path().join(".git"));

    let import = user.import().await;
    let repository = &import.repository;
    trap.assert_untouched("import");
    let work = repository.add_worktree("w", &import.base, None).await.unwrap();
    trap.assert_untouched("add_worktree");

    // The agent exchanges `.git`, makes repositories of tracked and new folders, and names programs in every file it can.
    let path = work.path();
    std::fs::remove_file(path.join(".git")).unwrap();
    let quiet = ["init", "-q"];
    for folder in ["", "sub", "nested/born", "nested/unborn"] {
        let folder = path.join(folder);
        std::fs::create_dir_all(&folder).unwrap();
        git(&folder, &quiet);
        if folder.ends_with("born") {
            write(&folder.join("file"), "x\n");
            git(&folder, &["add", "file"]);
            git(&folder, &["commit", "-qm", "x"]);
        }
        trap.arm(&folder.join(".git"));
    }
    write(&path.join(".gitattributes"), &format!("{ATTRIBUTES}[attr]x filter=evil\n"));
    write(
        &path.join(".gitmodules"),
        &format!(
            "[submodule \"s\"]\n\tpath = sub\n\turl = ext::{0}\n\tupdate = !{0}\n",
            trap.program.display()
        ),
    );
    write(&path.join("nested/born/.gitattributes"), ATTRIBUTES);
    write(&path.join("a"), "ours\n2\n3\n");

    let tree = work.checkpoint().await.unwrap().tree;
    let tree = {
        work.checkpoint().await.unwrap();
        tree
    };
    trap.assert_untouched("checkpoint");
    assert_eq!(repository.file_at(&tree, "nested/born/file").await.unwrap().unwrap(), b"x\n");
    write(&path.join("a"), "other\n2\n3\n");
    work.restore(&tree).await.unwrap();
    trap.assert_untouched("restore");
    repository.diff(&import.base, &tree, None, 1 << 20).await.unwrap();
    repository.changes(&import.base, &tree).await.unwrap();
    trap.assert_untouched("diff");

    let request = |tree, message: &str| CommitRequest {
        tree,
        parents: vec![import.base.clone()],
        message: message.into(),
        author: "Bea".into(),
        unix_seconds: 5,
    };
    let ours = repository.commit(&request(tree, "ours")).await.unwrap();
    write(&path.join("a"), "theirs\n2\n3\n");
    let theirs = repository.commit(&request(work.checkpoint().await.unwrap().tree, "theirs")).await.unwrap();
    assert!(matches!(repository.merge(&ours, &theirs).await.unwrap(), MergeOutcome::Conflict { .. }));
    repository.log(&import.base, &ours, 10).await.unwrap();
    trap.assert_untouched("commit, merge and log");

    let choice = BranchChoice::Suggested("squad/x".parse().unwrap());
    repository.deliver(&user.source(), &choice, &ours).await.unwrap();
    trap.assert_untouched("deliver");
    repository.remove_worktree("w").await.unwrap();
    trap.assert_untouched("remove");
}

#[tokio::test]
async fn a_file_url_is_a_path_and_runs_no_hooks() {
    let user = Fixture::new(&[("a", "1\n")]);
    let trap = Trap::set(&user.outside("trap"));
    trap.arm(&user.path().join(".git"));
    let source: Source = format!("file://{}", user.path().display()).parse().unwrap();
    let import = squad_workspace::Repository::import(&source, &user.private()).await.unwrap();
    let choice = BranchChoice::Exactly("copy".parse().unwrap());
    import.repository.deliver(&source, &choice, &import.base).await.unwrap();
    trap.assert_untouched("import and deliver");
}

#[tokio::test]
async fn the_private_clone_remembers_no_path_and_no_token() {
    let user = Fixture::new(&[("a", "1\n")]);
    let import = user.import().await;
    let config = std::fs::read_to_string(import.repository.git_dir().join("config")).unwrap();
    assert!(!config.contains(user.path().to_str().unwrap()) && !config.contains("remote"), "{config}");
}

#[tokio::test]
async fn links_out_of_the_workspace_are_recorded_as_links_and_never_followed() {
    let user = Fixture::new(&[("dir/a", "1\n")]);
    write(&user.outside("secret/a"), "host secret\n");
    let import = user.import().await;
    let work = import.repository.add_worktree("w", &import.base, None).await.unwrap();
    std::fs::remove_dir_all(work.path().join("dir")).unwrap();
    symlink(user.outside("secret"), work.path().join("dir")).unwrap();
    symlink(user.outside("secret/a"), work.path().join(".gitignore")).unwrap();
    let tree = work.checkpoint().await.unwrap().tree;
    let paths: Vec<_> =
        import.repository.files_at(&tree).await.unwrap().into_iter().map(|entry| entry.path).collect();
    assert_eq!(paths, [".gitignore", "dir"]);
    assert_eq!(
        import.repository.file_at(&tree, "dir").await.unwrap().unwrap(),
        user.outside("secret").as_os_str().as_encoded_bytes()
    );
    let base = import.repository.tree_of(&import.base).await.unwrap();
    work.restore(&base).await.unwrap();
    assert_eq!(std::fs::read_to_string(user.outside("secret/a")).unwrap(), "host secret\n");
    assert_eq!(std::fs::read_to_string(work.path().join("dir/a")).unwrap(), "1\n");
}
