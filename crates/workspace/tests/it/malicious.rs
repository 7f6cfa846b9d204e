//! Repositories that somebody made to be imported: each trick has a trap that would go off, or a secret that would be
//! read. Nothing of it happens on import, checkout, checkpoint, diff, merge or delivery.

use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};

use squad_workspace::{BranchChoice, CommitRequest, Error, Import, MergeOutcome, Repository};

use crate::support::{Fixture, git, write};

/// A program that leaves a mark when it is started, whoever starts it.
struct Trap {
    program: PathBuf,
    mark: PathBuf,
}

impl Trap {
    fn set(user: &Fixture) -> Self {
        let trap = Self { program: user.outside("trap/evil.sh"), mark: user.outside("trap/mark") };
        write(&trap.program, &format!("#!/bin/sh\necho \"$0 $*\" >> {}\ncat\n", trap.mark.display()));
        std::fs::set_permissions(&trap.program, PermissionsExt::from_mode(0o755)).unwrap();
        trap
    }

    fn path(&self) -> String {
        self.program.display().to_string()
    }

    #[track_caller]
    fn assert_quiet(&self) {
        assert_eq!(std::fs::read_to_string(&self.mark).unwrap_or_default(), "");
    }
}

/// The whole way of an execution: import, checkout, checkpoint, diff, merge, delivery.
async fn go_through(user: &Fixture) -> squad_workspace::Result<Import> {
    let import = Repository::import(&user.source(), &user.private()).await?;
    let repository = &import.repository;
    let work = repository.add_worktree("w", &import.base, None).await?;
    let mut commits = Vec::new();
    for content in ["ours\n", "theirs\n"] {
        write(&work.path().join("made-here"), content);
        let tree = work.checkpoint().await?.tree;
        repository.diff(&import.base, &tree, None, 1 << 20).await?;
        repository.changes(&import.base, &tree).await?;
        let parents = vec![import.base.clone()];
        let request =
            CommitRequest { tree, parents, message: content.into(), author: "Bea".into(), unix_seconds: 5 };
        commits.push(repository.commit(&request).await?);
    }
    assert!(matches!(repository.merge(&commits[0], &commits[1]).await?, MergeOutcome::Conflict { .. }));
    work.restore(&repository.tree_of(&import.base).await?).await?;
    let choice = BranchChoice::Suggested("squad/x".parse()?);
    repository.deliver(&user.source(), &choice, &commits[0]).await?;
    Ok(import)
}

fn configure(user: &Fixture, text: &str) {
    let path = user.path().join(".git/config");
    let old = std::fs::read_to_string(&path).unwrap();
    write(&path, &format!("{old}{text}"));
}

#[tokio::test]
async fn settings_that_are_included_start_nothing() {
    let user = Fixture::new(&[("a", "1\n"), (".gitattributes", "* filter=evil diff=evil merge=evil\n")]);
    let trap = Trap::set(&user);
    let evil = trap.path();
    let included = user.outside("included");
    write(
        &included,
        &format!(
            "[core]\n\tsshCommand = {evil}\n\tfsmonitor = {evil}\n\tgitProxy = {evil}\n\talternateRefsCommand = {evil}\n[filter \"evil\"]\n\tclean = {evil}\n\tsmudge = {evil}\n\trequired = true\n\
             [diff \"evil\"]\n\ttextconv = {evil}\n[merge \"evil\"]\n\tdriver = {evil}\n[credential]\n\thelper = !{evil}\n[uploadpack]\n\tpackObjectsHook = {evil}\n[protocol]\n\tallow = always\n\
             [protocol \"ext\"]\n\tallow = always\n[url \"ext::{evil} \"]\n\tinsteadOf = {}\n\tpushInsteadOf = /\n[remote \"origin\"]\n\turl = ext::{evil}\n\tvcs = evil\n\tuploadpack = {evil}\n\treceivepack = {evil}\n\
             [submodule]\n\trecurse = true\n[fetch]\n\trecurseSubmodules = true\n[extensions]\n\tworktreeConfig = true\n",
            user.path().display()
        ),
    );
    let base = std::fs::read_to_string(user.path().join(".git/config")).unwrap();
    for how in [
        format!("[include]\n\tpath = {}\n", included.display()),
        format!("[includeIf \"gitdir:/**\"]\n\tpath = {}\n", included.display()),
        format!(
            "[includeIf \"hasconfig:remote.*.url:**\"]\n\tpath = {0}\n[remote \"x\"]\n\turl = https://example.com/x\n",
            included.display()
        ),
    ] {
        write(&user.path().join(".git/config"), &base);
        configure(&user, &how);
        let _ = std::fs::remove_dir_all(user.private());
        let gone_through = go_through(&user).await;
        trap.assert_quiet();
        // git itself refuses the last one.
        assert!(gone_through.is_ok() || how.contains("hasconfig"), "{gone_through:?}");
    }
    write(&user.path().join(".git/config"), &base);
    write(&user.path().join(".git/config.worktree"), &std::fs::read_to_string(&included).unwrap());
    configure(&user, "[extensions]\n\tworktreeConfig = true\n");
    let _ = std::fs::remove_dir_all(user.private());
    go_through(&user).await.unwrap();
    trap.assert_quiet();
}

/// git fetches what a partial clone lacks as soon as something looks for it, from where the repository says, with the
/// program that the repository names.
#[tokio::test]
async fn what_a_partial_clone_lacks_is_not_fetched_by_a_program_that_it_names() {
    for lost in ["HEAD^{tree}", "HEAD", "refs/heads/other", "refs/tags/t"] {
        let user = Fixture::new(&[("a", "1\n")]);
        let trap = Trap::set(&user);
        user.git(&["switch", "-q", "-c", "other"]);
        user.write(&[("b", "2\n")]);
        user.git(&["add", "-A"]);
        user.git(&["commit", "-qm", "other"]);
        user.git(&["tag", "-a", "-m", "t", "t"]);
        user.git(&["switch", "-q", "main"]);
        let object = user.git(&["rev-parse", lost]);
        configure(
            &user,
            &format!(
                "[remote \"evil\"]\n\turl = {0}\n\tpromisor = true\n\tpartialclonefilter = blob:none\n\tuploadpack = {1}\n[extensions]\n\tpartialClone = evil\n",
                user.outside("nowhere").display(),
                trap.path()
            ),
        );
        configure(&user, "[core]\n\trepositoryformatversion = 1\n");
        let (folder, file) = object.split_at(2);
        std::fs::remove_file(user.path().join(".git/objects").join(folder).join(file)).unwrap();
        let refused = go_through(&user).await;
        trap.assert_quiet();
        if lost.starts_with("HEAD") {
            assert!(refused.is_err(), "{lost}");
        }
    }
}

#[tokio::test]
async fn submodules_are_neither_fetched_nor_entered() {
    let user = Fixture::new(&[("a", "1\n")]);
    let trap = Trap::set(&user);
    let commit = user.git(&["rev-parse", "HEAD"]);
    let evil = trap.path();
    let urls = [
        format!("ext::{evil}"),
        format!("file://{}", user.outside("nowhere").display()),
        format!("-u{evil}"),
        format!("--upload-pack={evil}"),
        format!("ssh://-oProxyCommand={evil}/x"),
        format!("\"\\n[core]\\n\\tsshCommand = {evil}\\n\""),
        "../../../etc".to_owned(),
    ];
    let mut text = String::new();
    for (number, url) in urls.iter().enumerate() {
        text += &format!(
            "[submodule \"../../hooks{number}\"]\n\tpath = s{number}\n\turl = {url}\n\tupdate = !{evil}\n"
        );
        user.git(&["update-index", "--add", "--cacheinfo", &format!("160000,{commit},s{number}")]);
    }
    // A path with a carriage return at its end, which git once wrote without it.
    text += &format!("[submodule \"r\"]\n\tpath = \"s0\\r\"\n\turl = {}\n", user.path().display());
    user.write(&[(".gitmodules", &text)]);
    user.git(&["add", ".gitmodules"]);
    user.git(&["commit", "-qm", "submodules"]);
    let import = go_through(&user).await.unwrap();
    trap.assert_quiet();
    assert!(import.notes.iter().any(|note| note.contains("7 submodule(s)")), "{:?}", import.notes);
    let git_dir = import.repository.git_dir();
    assert!(!git_dir.join("modules").exists() && !git_dir.join("hooks").exists());
}

#[tokio::test]
async fn links_in_git_s_own_folder_hand_out_no_file_of_the_host() {
    let user = Fixture::new(&[("a", "1\n")]);
    let head = user.git(&["rev-parse", "HEAD"]);
    let secret = user.outside("secret");
    write(&secret, "a-secret-of-the-host\n");
    let git_dir = user.path().join(".git");
    symlink(&secret, git_dir.join("refs/heads/stolen")).unwrap();
    symlink(&secret, git_dir.join("refs/tags/stolen")).unwrap();
    std::fs::create_dir_all(git_dir.join("objects/aa")).unwrap();
    symlink(&secret, git_dir.join("objects/aa/00000000000000000000000000000000000000")).unwrap();
    symlink(user.outside("."), git_dir.join("objects/bb")).unwrap();
    symlink(&secret, git_dir.join("info/attributes-of-somebody")).unwrap();
    let outcome = go_through(&user).await;
    let said = format!("{:?}", outcome.as_ref().map(|import| &import.notes));
    assert!(!said.contains("a-secret-of-the-host"), "{said}");
    if let Ok(import) = outcome {
        assert_eq!(import.base.as_str(), head);
    }
    assert_secret_is_not_below(&user.private());
    assert_eq!(std::fs::read_to_string(&secret).unwrap(), "a-secret-of-the-host\n");
}

/// No file of ours is the secret, by content, by link or by a second name.
fn assert_secret_is_not_below(folder: &Path) {
    let mut waiting = vec![folder.to_owned()];
    while let Some(now) = waiting.pop() {
        for entry in std::fs::read_dir(&now).into_iter().flatten().flatten() {
            let kind = entry.file_type().unwrap();
            assert!(!kind.is_symlink(), "{} is a link", entry.path().display());
            if kind.is_dir() {
                waiting.push(entry.path());
            } else if kind.is_file() {
                let text = std::fs::read(entry.path()).unwrap();
                assert!(
                    !String::from_utf8_lossy(&text).contains("a-secret-of-the-host"),
                    "{}",
                    entry.path().display()
                );
            }
        }
    }
}

#[tokio::test]
async fn a_repository_that_lies_elsewhere_stays_as_it_is() {
    let other = Fixture::new(&[("private", "of another project\n")]);
    let before = crate::support::snapshot(&other.path());
    // A work tree in somebody else's folder, objects borrowed from somebody else, grafts and replacements.
    let user = Fixture::new(&[("a", "1\n")]);
    let base = user.git(&["rev-parse", "HEAD"]);
    configure(&user, &format!("[core]\n\tworktree = {}\n", other.path().display()));
    write(
        &user.path().join(".git/objects/info/alternates"),
        &format!("{}\n", other.path().join(".git/objects").display()),
    );
    write(&user.path().join(".git/info/grafts"), &format!("{base} {}\n", other.git(&["rev-parse", "HEAD"])));
    let import = go_through(&user).await.unwrap();
    assert_eq!(import.base.as_str(), base);
    assert_eq!(import.repository.log(&import.base, &import.base, 10).await.unwrap().len(), 0);
    assert!(
        !import.repository.git_dir().join("objects/info/alternates").exists(),
        "ours borrows from nobody"
    );
    assert_eq!(crate::support::snapshot(&other.path()), before);

    let replaced = Fixture::new(&[("a", "1\n")]);
    let base = replaced.git(&["rev-parse", "HEAD"]);
    replaced.write(&[("a", "evil\n")]);
    replaced.git(&["commit", "-qam", "evil"]);
    let evil = replaced.git(&["rev-parse", "HEAD"]);
    replaced.git(&["reset", "-q", "--hard", &base]);
    replaced.git(&["replace", &base, &evil]);
    let import = go_through(&replaced).await.unwrap();
    let work = import.repository.add_worktree("again", &import.base, None).await.unwrap();
    assert_eq!(
        std::fs::read_to_string(work.path().join("a")).unwrap(),
        "1\n",
        "a replacement replaces nothing"
    );
}

#[tokio::test]
async fn branches_and_tags_that_look_like_options_are_names() {
    let user = Fixture::new(&[("a", "1\n")]);
    let trap = Trap::set(&user);
    let head = user.git(&["rev-parse", "HEAD"]);
    let evil = trap.path().replace('.', "_");
    for name in ["--upload-pack=x", "-u", "--output=x", "--help", "$(touch${IFS}x)", "`x`", ";x", "HEAD"] {
        for folder in ["heads", "tags"] {
            write(&user.path().join(".git/refs").join(folder).join(name), &format!("{head}\n"));
        }
    }
    write(
        &user.path().join(".git/refs/heads/--upload-pack=").join(evil.trim_start_matches('/')),
        &format!("{head}\n"),
    );
    for at in
        ["refs/heads/--upload-pack=x", "refs/heads/-u", "refs/heads/$(touch${IFS}x)", "refs/heads/--help"]
    {
        write(&user.path().join(".git/HEAD"), &format!("ref: {at}\n"));
        let _ = std::fs::remove_dir_all(user.private());
        let import = go_through(&user).await.unwrap();
        assert_eq!(import.base.as_str(), head, "{at}");
        trap.assert_quiet();
    }
    assert!(!user.path().join("x").exists());
}

/// A tree that no checkout makes: git itself is told what to write.
fn tree_of(user: &Fixture, entries: &[(&str, &str)]) -> String {
    let mut listing = String::new();
    for (mode, name) in entries {
        let content = user.outside("blob");
        write(&content, "/etc/passwd");
        let blob = user.git(&["hash-object", "-w", "--no-filters", content.to_str().unwrap()]);
        listing += &format!("{mode} blob {blob}\t{name}\0");
    }
    let input = user.outside("listing");
    write(&input, &listing);
    let script = format!("git mktree -z < {}", input.display());
    let made =
        std::process::Command::new("sh").args(["-c", &script]).current_dir(user.path()).output().unwrap();
    assert!(made.status.success(), "{made:?}");
    String::from_utf8(made.stdout).unwrap().trim().to_owned()
}

#[tokio::test]
async fn names_that_some_system_takes_for_git_s_are_not_checked_out() {
    for name in
        [".git", ".GIT", "git~1", ".g\u{200c}it", ".git ", ".git.", ".git::$INDEX_ALLOCATION", "..", "."]
    {
        let user = Fixture::new(&[("a", "1\n")]);
        let tree = tree_of(&user, &[("120000", name), ("100644", "fine")]);
        let commit = user.git(&["commit-tree", "-m", "evil", &tree]);
        write(&user.path().join(".git/refs/heads/main"), &format!("{commit}\n"));
        let refused = go_through(&user).await.err().unwrap_or_else(|| panic!("{name:?} was checked out"));
        let text = refused.to_string();
        assert!(
            matches!(refused, Error::Git { .. } | Error::Damaged { .. }) && !text.is_empty(),
            "{name:?}: {text}"
        );
        let pointer = std::fs::read_to_string(user.private().join("worktrees/w/.git")).unwrap_or_default();
        assert!(pointer.is_empty() || pointer.starts_with("gitdir: "), "{name:?}: {pointer}");
    }
}

#[tokio::test]
async fn odd_names_are_files_like_others() {
    let user = Fixture::new(&[("a", "1\n")]);
    for name in [
        "-x",
        "--output=y",
        "new\nline",
        "tab\tname",
        "quote\"name",
        "back\\slash",
        ":(top)x",
        "*",
        "é",
        " ",
        "a b",
    ] {
        write(&user.path().join(name), "x\n");
    }
    write(&user.path().join("-folder/--file"), "x\n");
    user.git(&["--literal-pathspecs", "add", "-A"]);
    user.git(&["commit", "-qm", "odd"]);
    let import = go_through(&user).await.unwrap();
    assert_eq!(import.repository.files_at(&import.base).await.unwrap().len(), 13);
}

#[tokio::test]
async fn many_references_and_a_huge_file_are_carried_and_a_setting_without_end_is_cut_off() {
    let user = Fixture::new(&[("a", "1\n")]);
    let head = user.git(&["rev-parse", "HEAD"]);
    let many: String = (0..20_000).map(|n| format!("{head} refs/heads/b/{n:05}\n")).collect();
    write(
        &user.path().join(".git/packed-refs"),
        &format!("# pack-refs with: peeled fully-peeled sorted \n{many}"),
    );
    // A bomb of zeros: small in the repository, large in the checkout.
    let big = std::fs::File::create(user.path().join("zeros")).unwrap();
    big.set_len(200 << 20).unwrap();
    user.git(&["add", "zeros"]);
    user.git(&["commit", "-qm", "zeros"]);
    let import = go_through(&user).await.unwrap();
    let diff = import.repository.diff(&import.base, &import.base, None, 1000).await.unwrap();
    assert!(diff.text.is_empty());

    // git reads what a repository includes: something that never ends or never comes must not hold it for ever.
    configure(&user, "[include]\n\tpath = /dev/zero\n");
    std::fs::remove_dir_all(user.private()).unwrap();
    assert!(go_through(&user).await.is_err());
}

/// A name is exchanged for a link while it is read and written: at no moment does that lead out.
#[tokio::test(flavor = "multi_thread")]
async fn a_link_that_comes_and_goes_is_never_followed() {
    use squad_workspace::files::PathPolicy;
    use std::sync::Arc;
    use std::sync::atomic::{AtomicBool, Ordering};
    let user = Fixture::new(&[("folder/file", "inside\n"), ("single", "inside\n")]);
    write(&user.outside("elsewhere/file"), "a-secret-of-the-host\n");
    write(&user.outside("elsewhere/single"), "a-secret-of-the-host\n");
    let import = user.import().await;
    let work = import.repository.add_worktree("w", &import.base, None).await.unwrap();
    let (root, outside, stop) = (work.path(), user.outside("elsewhere"), Arc::new(AtomicBool::new(false)));
    let swapper = {
        let stop = Arc::clone(&stop);
        std::thread::spawn(move || {
            symlink(&outside, root.join("link")).unwrap();
            symlink(outside.join("single"), root.join("file-link")).unwrap();
            let swap = |a: &str, b: &str| {
                let flags = rustix::fs::RenameFlags::EXCHANGE;
                let (a, b) = (root.join(a), root.join(b));
                let _ = rustix::fs::renameat_with(rustix::fs::CWD, &a, rustix::fs::CWD, &b, flags);
            };
            let mut swaps = 0_u64;
            while !stop.load(Ordering::Relaxed) {
                swap("folder", "link");
                swap("single", "file-link");
                swaps += 1;
            }
            swaps
        })
    };
    let tools = work.files(None).unwrap();
    let all = PathPolicy::default();
    let (mut inside, mut refused) = (0, 0);
    for round in 0..3_000 {
        for path in ["folder/file", "single"] {
            match tools.read(path, None, None, &all).await {
                Ok(content) => {
                    assert!(!content.to_string().contains("a-secret-of-the-host"));
                    inside += 1;
                }
                Err(_) => refused += 1,
            }
        }
        if round % 10 == 0 {
            let _ = tools.write("folder/new", "from inside\n", &all).await;
            let _ = tools.write("single", "from inside\n", &all).await;
            let _ = tools.edit("folder/file", "inside", "inside", true, &all).await;
            let found = tools.search(
                squad_workspace::files::SearchRequest { pattern: "secret".into(), ..Default::default() },
                &all,
            );
            assert!(!found.await.unwrap().to_string().contains("a-secret-of-the-host"));
            let listed = tools.list("folder", 2, &all).await.map(|list| list.to_string()).unwrap_or_default();
            assert!(!listed.contains("single"), "{listed}");
        }
    }
    stop.store(true, Ordering::Relaxed);
    let swaps = swapper.join().unwrap();
    assert!(inside > 0 && refused > 0 && swaps > 0, "{inside} read, {refused} refused, {swaps} swaps");
    for file in ["elsewhere/file", "elsewhere/single"] {
        assert_eq!(std::fs::read_to_string(user.outside(file)).unwrap(), "a-secret-of-the-host\n");
    }
    assert!(!user.outside("elsewhere/new").exists());
}

#[tokio::test]
async fn a_git_file_that_points_elsewhere_starts_nothing_there() {
    let other = Fixture::new(&[("a", "1\n"), (".gitattributes", "* filter=evil\n")]);
    let trap = Trap::set(&other);
    let evil = trap.path();
    configure(
        &other,
        &format!("[core]\n\tfsmonitor = {evil}\n[filter \"evil\"]\n\tclean = {evil}\n\tsmudge = {evil}\n"),
    );
    for link in [false, true] {
        let user = Fixture::new(&[("a", "1\n")]);
        std::fs::remove_dir_all(user.path().join(".git")).unwrap();
        if link {
            symlink(other.path().join(".git"), user.path().join(".git")).unwrap();
        } else {
            write(&user.path().join(".git"), &format!("gitdir: {}\n", other.path().join(".git").display()));
        }
        go_through(&user).await.unwrap();
        trap.assert_quiet();
        git(&other.path(), &["update-ref", "-d", "refs/heads/squad/x"]);
    }
}
