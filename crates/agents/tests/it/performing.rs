//! Tools on a real repository, and commands in the real sandbox.

use crate::story::five;
use squad_agents::tools::{Invocation, Outcome, Surroundings, perform};
use squad_domain::duty::Duty;
use squad_domain::member::Member;
use squad_domain::role::Role;
use squad_knowledge::{Document, Knowledge};
use squad_sandbox::{BuiltinSandbox, ReadOnlyMount, Sandbox, Session, WorkspaceSpec, workspace_owner};
use squad_workspace::{CommitId, Owner, Repository, Source, Workspace};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tempfile::TempDir;
use tokio_util::sync::CancellationToken;

struct Room {
    _folder: TempDir,
    workspace: Workspace,
    base: CommitId,
    member: Member,
    duty: Duty,
    session: Option<Arc<dyn Session>>,
    knowledge: Option<Knowledge>,
}

/// A repository with a few files, and a worktree of it.
async fn room(duty: Duty) -> Room {
    let folder = tempfile::tempdir().unwrap();
    let source = folder.path().join("shop");
    for (path, text) in [
        ("src/cart.js", "export const rate = 0.1;\nexport const code = 'WELCOME10';\n"),
        ("test/cart.test.js", "// nothing yet\n"),
        ("README.md", "# Shop\n"),
        (".gitignore", "build/\n"),
    ] {
        let path = source.join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }
    git(&source, &["init", "--quiet"]);
    git(&source, &["add", "--all"]);
    git(
        &source,
        &["-c", "user.name=Ada", "-c", "user.email=ada@example.com", "commit", "--quiet", "-m", "first"],
    );
    let import = Repository::import(&Source::Local(source), &folder.path().join("private")).await.unwrap();
    let owner = workspace_owner().map(|(uid, gid)| Owner { uid, gid });
    let workspace = import.repository.add_worktree("w", &import.base, owner).await.unwrap();
    Room {
        _folder: folder,
        workspace,
        base: import.base,
        member: Member::new("Fay", Role::FrontendDeveloper),
        duty,
        session: None,
        knowledge: None,
    }
}

/// The same with a sandbox on it.
async fn sandboxed(duty: Duty) -> Room {
    let mut room = room(duty).await;
    let mut spec = WorkspaceSpec::new("test", room.workspace.path());
    let mount = |host: PathBuf| ReadOnlyMount { inside: host.clone(), host };
    spec.read_only = room.workspace.read_only_paths().into_iter().map(mount).collect();
    room.session = Some(BuiltinSandbox::new(launcher()).prepare(spec).await.unwrap());
    room
}

/// `target/debug/deps/it-…` is we; examples lie beside.
fn launcher() -> PathBuf {
    let ourselves = std::env::current_exe().unwrap();
    let launcher = ourselves.parent().and_then(Path::parent).unwrap().join("examples/launcher");
    assert!(launcher.exists(), "no sandbox launcher; run `cargo build -p squad-agents --examples`");
    launcher
}

fn git(folder: &Path, arguments: &[&str]) {
    let status = std::process::Command::new("git").args(arguments).current_dir(folder).status().unwrap();
    assert!(status.success(), "{arguments:?}");
}

impl Room {
    async fn perform(&self, invocation: Invocation) -> Outcome {
        self.perform_until(invocation, CancellationToken::new(), None).await
    }

    async fn perform_until(
        &self,
        invocation: Invocation,
        cancel: CancellationToken,
        output: Option<squad_sandbox::OutputSink>,
    ) -> Outcome {
        let around = Surroundings {
            workspace: &self.workspace,
            session: self.session.clone(),
            member: &self.member,
            duty: self.duty,
            base: self.base.as_str(),
            knowledge: self.knowledge.as_ref(),
            longest_command: Duration::from_secs(60),
            cancel,
            output,
        };
        perform(&invocation, &around).await
    }

    async fn write(&self, path: &str, content: &str) -> Outcome {
        self.perform(Invocation::Write { path: path.into(), content: content.into() }).await
    }

    async fn run(&self, command: &str) -> Outcome {
        self.perform(run(command)).await
    }

    fn file(&self, path: &str) -> Option<String> {
        std::fs::read_to_string(self.workspace.path().join(path)).ok()
    }
}

fn run(command: &str) -> Invocation {
    Invocation::Run { command: command.into(), timeout_seconds: None }
}

fn diff(path: Option<&str>) -> Invocation {
    Invocation::ViewDiff { path: path.map(Into::into) }
}

#[tokio::test]
async fn files_are_read_found_changed_and_the_change_is_seen() {
    let room = room(Duty::Work).await;
    let listed = room.perform(Invocation::List { path: ".".into(), depth: 2 }).await;
    assert!(listed.content.contains("cart.js") && !listed.is_error, "{}", listed.content);
    let read = room
        .perform(Invocation::Read {
            path: "/workspace/src/cart.js".into(),
            start_line: Some(2),
            end_line: None,
        })
        .await;
    assert!(read.content.contains("WELCOME10") && !read.content.contains("rate"), "{}", read.content);
    let found =
        room.perform(Invocation::Search { pattern: "WELCOME".into(), glob: None, max_results: None }).await;
    assert!(found.content.contains("src/cart.js"), "{}", found.content);
    assert_eq!(room.perform(diff(None)).await.content, "no changes");

    let edited = room
        .perform(Invocation::Edit {
            path: "src/cart.js".into(),
            old_text: "0.1".into(),
            new_text: "0.2".into(),
            replace_all: false,
        })
        .await;
    assert!(edited.changed_files && !edited.is_error, "{}", edited.content);
    assert!(room.write("src/new.js", "one\n").await.changed_files);
    assert!(room.perform(Invocation::Delete { path: "README.md".into() }).await.changed_files);
    let all = room.perform(diff(None)).await.content;
    for part in ["+export const rate = 0.2;", "+one", "-# Shop"] {
        assert!(all.contains(part), "{part} in {all}");
    }
    let one = room.perform(diff(Some("/workspace/src/new.js"))).await.content;
    assert!(one.contains("+one") && !one.contains("rate"), "{one}");
    assert_eq!(room.perform(diff(Some("test"))).await.content, "no changes in `test`");
}

#[tokio::test]
async fn an_edit_that_does_not_fit_says_why_and_changes_nothing() {
    let room = room(Duty::Work).await;
    let edit = |old: &str| Invocation::Edit {
        path: "src/cart.js".into(),
        old_text: old.into(),
        new_text: "x".into(),
        replace_all: false,
    };
    let twice = room.perform(edit("export")).await;
    assert!(twice.is_error && !twice.changed_files && twice.content.contains("2 times"), "{}", twice.content);
    let missing = room.perform(edit("import")).await;
    assert!(missing.is_error && missing.content.contains("not found"), "{}", missing.content);
}

#[tokio::test]
async fn a_member_changes_only_what_its_employer_allows() {
    let mut room = room(Duty::Work).await;
    room.member.allowed_paths = vec!["src/".into()];
    assert!(!room.write("src/a.js", "x").await.is_error);
    for path in ["README.md", "src/../README.md", "test/a.js", "../x", "/etc/x", ".git/config"] {
        let refused = room.write(path, "x").await;
        assert!(refused.is_error && !refused.changed_files, "{path}: {}", refused.content);
    }
    assert_eq!(room.file("README.md").as_deref(), Some("# Shop\n"));
}

#[tokio::test]
async fn a_tester_changes_test_files_only() {
    let room = room(Duty::Test).await;
    assert!(!room.write("test/more.test.js", "x").await.is_error);
    for path in ["src/cart.js", "test/../src/cart.js", "/workspace/src/cart.js", "package.json"] {
        let refused = room.write(path, "x").await;
        assert!(
            refused.is_error && refused.content.contains("only test files"),
            "{path}: {}",
            refused.content
        );
    }
}

#[tokio::test]
async fn a_long_result_is_bounded_and_a_long_diff_names_its_files() {
    let room = room(Duty::Work).await;
    let long: String = (0..20_000).map(|n| format!("line {n}\n")).collect();
    room.write("src/long.js", &long).await;
    room.write("src/zeta.js", "last\n").await;
    let diff = room.perform(diff(None)).await.content;
    assert!(diff.len() <= 30_000, "{}", diff.len());
    for part in ["src/long.js (+20000 -0)", "src/zeta.js (+1 -0)", "bytes left out"] {
        assert!(diff.contains(part), "{part}");
    }
    let read = room
        .perform(Invocation::Read { path: "src/long.js".into(), start_line: None, end_line: None })
        .await
        .content;
    assert!(read.len() <= 30_000, "{}", read.len());
    let next: usize = read.rsplit("start_line ").next().unwrap().trim().parse().unwrap();
    assert!(read.contains(&format!("\tline {}\n", next - 2)), "whole lines up to where it says to read on");
}

#[tokio::test]
async fn knowledge_is_searched_where_there_is_some() {
    let mut room = room(Duty::Work).await;
    let search = || Invocation::SearchKnowledge { query: "discount rounding".into(), top_k: 3 };
    assert_eq!(room.perform(search()).await.content, "nothing is known about that");
    let text = "# Money\n\nA discount is rounded once, to whole cents.".into();
    room.knowledge = Some(Knowledge::build(vec![Document { path: "docs/money.md".into(), text }], vec![]));
    let found = room.perform(search()).await.content;
    assert!(found.contains("docs/money.md") && found.contains("whole cents"), "{found}");
}

#[tokio::test]
async fn a_command_runs_in_the_sandbox_and_its_end_comes_first() {
    let room = sandboxed(Duty::Work).await;
    let heard = Arc::new(Mutex::new(Vec::new()));
    let sink: squad_sandbox::OutputSink = {
        let heard = Arc::clone(&heard);
        Arc::new(move |bytes: &[u8]| heard.lock().unwrap().extend_from_slice(bytes))
    };
    let outcome = room
        .perform_until(
            run("cat src/cart.js; printf '\\033[31mred\\033[0m\\n' >&2; echo x > made.txt; exit 3"),
            CancellationToken::new(),
            Some(sink),
        )
        .await;
    assert!(outcome.content.starts_with("exit status 3 · "), "{}", outcome.content);
    assert!(
        outcome.content.contains("WELCOME10") && outcome.content.contains("\nred"),
        "{}",
        outcome.content
    );
    assert!(!outcome.is_error, "a failing test is a result");
    assert!(outcome.changed_files);
    assert!(String::from_utf8_lossy(&heard.lock().unwrap()).contains("WELCOME10"));
    assert_eq!(room.file("made.txt").as_deref(), Some("x\n"));
    let git = room.run("git log --oneline && git status --short").await.content;
    assert!(git.contains("first") && git.contains("made.txt"), "{git}");
}

#[tokio::test]
async fn a_command_that_takes_too_long_is_stopped_within_its_limit() {
    let room = sandboxed(Duty::Work).await;
    let invocation = Invocation::Run { command: "echo begun; sleep 600".into(), timeout_seconds: Some(1) };
    let outcome = room.perform(invocation).await;
    assert!(outcome.is_error && outcome.content.starts_with("timed out after 1 s"), "{}", outcome.content);
    assert!(outcome.content.contains("begun"));
}

#[tokio::test]
async fn a_cancelled_command_ends_at_once() {
    let room = sandboxed(Duty::Work).await;
    let cancel = CancellationToken::new();
    let sink: squad_sandbox::OutputSink = {
        let cancel = cancel.clone();
        Arc::new(move |_: &[u8]| cancel.cancel())
    };
    let outcome = room.perform_until(run("echo begun; sleep 600"), cancel, Some(sink)).await;
    assert!(outcome.is_error && outcome.content.starts_with("stopped: cancelled"), "{}", outcome.content);
}

/// A shell would otherwise be the way round every limit of the file tools.
#[tokio::test]
async fn what_a_command_may_not_change_is_undone() {
    let room = sandboxed(Duty::Test).await;
    assert!(!room.write("test/more.test.js", "mine\n").await.is_error);
    let outcome = room.run("mkdir build; echo b > build/out; echo hacked > src/cart.js; rm README.md; echo t > test/x.test.js").await;
    assert!(outcome.content.starts_with("exit status 0"), "{}", outcome.content);
    for part in ["were undone", "`src/cart.js`", "`README.md`"] {
        assert!(outcome.content.contains(part), "{part} in {}", outcome.content);
    }
    assert!(room.file("src/cart.js").unwrap().contains("WELCOME10"));
    assert!(room.file("README.md").is_some());
    assert_eq!(room.file("test/more.test.js").as_deref(), Some("mine\n"), "what was there before stays");
    assert_eq!(room.file("build/out").as_deref(), Some("b\n"), "ignored files stay");
    let fine = room.run("echo t > test/x.test.js").await;
    assert!(!fine.content.contains("undone"), "{}", fine.content);
    assert_eq!(room.file("test/x.test.js").as_deref(), Some("t\n"));
}

#[tokio::test]
async fn commands_respect_allowed_paths() {
    let mut room = sandboxed(Duty::Work).await;
    room.member = five().remove(2);
    let outcome = room.run("echo fine > src/a.js; echo bad > docs.md").await;
    assert!(
        outcome.content.contains("`docs.md`") && !outcome.content.contains("`src/a.js`"),
        "{}",
        outcome.content
    );
    assert_eq!(room.file("docs.md"), None);
    let outcome = room.run("echo fine > src/a.js").await;
    assert!(!outcome.content.contains("undone"), "{}", outcome.content);
    assert_eq!(room.file("src/a.js").as_deref(), Some("fine\n"));
}

/// A member cannot mend the sandbox or git; a person is asked instead.
#[tokio::test]
async fn what_no_member_can_mend_is_a_fault() {
    let room = sandboxed(Duty::Work).await;
    let refused = room.perform(Invocation::Delete { path: "none.js".into() }).await;
    assert!(refused.is_error && !refused.fault, "{}", refused.content);
    room.session.as_ref().unwrap().destroy().await;
    let broken = room.run("true").await;
    assert!(broken.is_error && broken.fault, "{}", broken.content);
}
