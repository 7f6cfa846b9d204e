//! Delivering: branches are only ever added.

use squad_workspace::{BranchChoice, CommitId, CommitRequest, Error, Import, Source};

use crate::support::{Fixture, git, write};

async fn work(import: &Import, content: &str) -> CommitId {
    let work = import.repository.add_worktree("w", &import.base, None).await.unwrap();
    write(&work.path().join("result"), content);
    let tree = work.checkpoint().await.unwrap().tree;
    let request = CommitRequest {
        tree,
        parents: vec![import.base.clone()],
        message: "m".into(),
        author: "Bea".into(),
        unix_seconds: 9,
    };
    import.repository.commit(&request).await.unwrap()
}

fn suggested(name: &str) -> BranchChoice {
    BranchChoice::Suggested(name.parse().unwrap())
}

#[tokio::test]
async fn a_taken_name_gets_a_number_and_delivering_again_does_nothing() {
    let user = Fixture::new(&[("a", "1\n")]);
    user.git(&["branch", "squad/x"]);
    let import = user.import().await;
    let commit = work(&import, "r").await;
    for created in [true, false] {
        let delivered =
            import.repository.deliver(&user.source(), &suggested("squad/x"), &commit).await.unwrap();
        assert_eq!((delivered.branch.as_str(), delivered.created), ("squad/x-2", created));
    }
    assert_eq!(user.git(&["rev-parse", "squad/x"]), import.base.as_str());
    let exactly = BranchChoice::Exactly("squad/x".parse().unwrap());
    let error = import.repository.deliver(&user.source(), &exactly, &commit).await.unwrap_err();
    assert!(matches!(error, Error::BranchExists { .. }), "{error}");
    // What is checked out is never moved, and a folder in the way is walked round.
    user.git(&["branch", "team"]);
    let delivered = import.repository.deliver(&user.source(), &suggested("team/x"), &commit).await.unwrap();
    assert_eq!(delivered.branch.as_str(), "team-x");
    let delivered = import.repository.deliver(&user.source(), &suggested("squad"), &commit).await.unwrap();
    assert_eq!(delivered.branch.as_str(), "squad-2");
    user.git(&["checkout", "-q", "--orphan", "unborn"]);
    let delivered = import.repository.deliver(&user.source(), &suggested("unborn"), &commit).await.unwrap();
    assert_eq!(delivered.branch.as_str(), "unborn-2");
}

#[tokio::test]
async fn a_source_that_lost_the_base_gets_everything() {
    let user = Fixture::new(&[("a", "1\n")]);
    let import = user.import().await;
    let commit = work(&import, "r").await;
    let other = Fixture::new(&[("b", "1\n")]);
    import.repository.deliver(&other.source(), &suggested("x"), &commit).await.unwrap();
    other.git(&["fsck", "--strict"]);
    assert_eq!(other.git(&["show", "x:result"]), "r");
}

#[tokio::test]
async fn a_servers_repository_belongs_to_its_user_afterwards() {
    use std::os::unix::fs::MetadataExt;
    if !rustix::process::geteuid().is_root() {
        return;
    }
    let user = Fixture::new(&[("a", "1\n")]);
    std::fs::set_permissions(
        user.path().parent().unwrap(),
        std::os::unix::fs::PermissionsExt::from_mode(0o755),
    )
    .unwrap();
    let chown =
        std::process::Command::new("chown").args(["-R", "4242:4243"]).arg(user.path()).status().unwrap();
    assert!(chown.success());
    let import = user.import().await;
    let commit = work(&import, "r").await;
    import.repository.deliver(&user.source(), &suggested("squad/x"), &commit).await.unwrap();
    let file = user.path().join(".git/refs/heads/squad/x");
    assert_eq!(file.metadata().unwrap().uid(), 4242);
}

/// git's own server, on loopback only.
struct Daemon {
    child: std::process::Child,
    url: String,
}

impl Daemon {
    fn serve(folder: &std::path::Path) -> Self {
        use std::io::{BufRead, BufReader};
        let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let programs = git(folder, &["--exec-path"]);
        // Not through `git daemon`, which would leave the daemon behind when it is killed.
        let mut child = std::process::Command::new(std::path::Path::new(&programs).join("git-daemon"))
            .args(["--verbose", "--export-all", "--enable=receive-pack", "--listen=127.0.0.1"])
            .arg(format!("--port={port}"))
            .arg(format!("--base-path={}", folder.display()))
            .stderr(std::process::Stdio::piped())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stderr.take().unwrap()).lines();
        assert!(lines.next().unwrap().unwrap().contains("Ready"));
        std::thread::spawn(move || lines.for_each(drop));
        Self { child, url: format!("git://127.0.0.1:{port}") }
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[tokio::test]
async fn a_url_is_cloned_and_gets_exactly_one_new_branch() {
    let user = Fixture::new(&[("a", "1\n")]);
    user.git(&["clone", "-q", "--bare", ".", user.outside("server/r.git").to_str().unwrap()]);
    let daemon = Daemon::serve(&user.outside("server"));
    let source: Source = format!("{}/r.git", daemon.url).parse().unwrap();
    let import = squad_workspace::Repository::import(&source, &user.private()).await.unwrap();
    let commit = work(&import, "r").await;
    for created in [true, false] {
        let delivered = import.repository.deliver(&source, &suggested("squad/x"), &commit).await.unwrap();
        assert_eq!((delivered.branch.as_str(), delivered.created), ("squad/x", created));
    }
    let later = work(&import, "r2").await;
    let exactly = BranchChoice::Exactly("squad/x".parse().unwrap());
    let error = import.repository.deliver(&source, &exactly, &later).await.unwrap_err();
    assert!(matches!(error, Error::BranchExists { .. }), "{error}");
    let delivered = import.repository.deliver(&source, &suggested("squad/x"), &later).await.unwrap();
    assert_eq!(delivered.branch.as_str(), "squad/x-2");
    let branches = git(&user.outside("server/r.git"), &["for-each-ref", "--format=%(refname)"]);
    assert_eq!(branches, "refs/heads/main\nrefs/heads/squad/x\nrefs/heads/squad/x-2");
    let missing: Source = format!("{}/none.git", daemon.url).parse().unwrap();
    assert!(squad_workspace::Repository::import(&missing, &user.outside("p2")).await.is_err());
}

#[tokio::test]
async fn what_could_not_be_handed_over_is_known_before_the_work() {
    let user = Fixture::new(&[("a", "1\n")]);
    user.git(&["branch", "team/x"]);
    let bare = user.outside("bare.git");
    git(&user.path(), &["clone", "-q", "--bare", ".", bare.to_str().unwrap()]);
    let url: Source = format!("file://{}", bare.display()).parse().unwrap();
    let before = user.git(&["for-each-ref"]);
    for source in [user.source(), url] {
        for taken in ["team/x", "team/x/y"] {
            let error = source.check(Some(&taken.parse().unwrap())).await.unwrap_err();
            assert!(matches!(error, Error::BranchExists { .. }), "{taken}: {error}");
        }
        source.check(Some(&"team/y".parse().unwrap())).await.unwrap();
        source.check(None).await.unwrap();
    }
    let error = user.source().check(Some(&"team".parse().unwrap())).await.unwrap_err();
    assert!(error.to_string().contains("there is a branch `team/x`"), "{error}");
    assert_eq!(user.git(&["for-each-ref"]), before);
    let outside = Source::Local(user.outside("."));
    assert!(matches!(outside.check(None).await, Err(Error::NotARepository { .. })));
    user.git(&["checkout", "-q", "--orphan", "unborn"]);
    assert!(matches!(user.source().check(None).await, Err(Error::NoCommits { .. })));
}
