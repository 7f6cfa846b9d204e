//! What people, disks and other programs do wrong: a sentence that says what to do, the right exit status, nothing lost.

mod data;
mod machine;
mod repositories;
mod streams;
mod tasks;

use crate::support::{Done, House, end};
use std::path::Path;
use std::process::Command;

/// `squad run` of one willing member on a repository of one's own.
pub(crate) fn solo(house: &House, repository: &Path, more: &[&str]) -> Command {
    let mut args = vec!["--repo", repository.to_str().expect("a path of ours"), "--squad", "solo", "--task"];
    args.extend(["Say hello", "--approve", "never", "--test-command", "sh test.sh"]);
    args.extend(more);
    house.run(&args)
}

/// It ended so, said all of this on standard error, and did not fall over.
#[track_caller]
pub(crate) fn says(done: &Done, exit: i32, parts: &[&str]) {
    assert_eq!(done.exit, exit, "{}\n{}", done.out, done.err);
    for part in parts {
        assert!(done.err.contains(part), "{part:?} is not in\n{}", done.err);
    }
    assert!(!done.err.contains("panicked"), "{}", done.err);
}

/// A program for `PATH`, in place of the real one.
pub(crate) fn fake(folder: &Path, name: &str, script: &str) {
    use std::os::unix::fs::PermissionsExt as _;
    std::fs::create_dir_all(folder).unwrap();
    let path = folder.join(name);
    std::fs::write(&path, format!("#!/bin/sh\n{script}\n")).unwrap();
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).unwrap();
}

pub(crate) fn git(folder: &Path, args: &[&str]) -> String {
    let identity =
        ["-c", "user.name=Ada", "-c", "user.email=ada@example.org", "-c", "protocol.file.allow=always"];
    let output = Command::new("git").args(identity).args(args).current_dir(folder).output().unwrap();
    assert!(output.status.success(), "git {args:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8_lossy(&output.stdout).trim_end().to_owned()
}

/// A repository whose test wants a greeting, as the willing member writes it.
pub(crate) fn greeting(house: &House, name: &str) -> std::path::PathBuf {
    let folder = house.folder().join(name);
    std::fs::create_dir_all(&folder).unwrap();
    git(&folder, &["init", "-q", "-b", "main"]);
    std::fs::write(folder.join("greeting.txt"), "goodbye\n").unwrap();
    std::fs::write(folder.join("test.sh"), "grep -q hello greeting.txt\n").unwrap();
    git(&folder, &["add", "-A"]);
    git(&folder, &["commit", "-qm", "base"]);
    folder
}

pub(crate) fn completes(house: &House, repository: &Path) -> Done {
    let done = end(&mut solo(house, repository, &[]));
    assert_eq!(done.exit, 0, "{}: {}\n{}", repository.display(), done.out, done.err);
    done
}

/// One member who does at once what is asked.
pub(crate) const WILLING: &str = r#"
[[scene]]
duty = "analyze"
calls = [{ tool = "submit_analysis", args = { summary = "It must greet.", acceptance_criteria = ["says hello"], risks = [], questions = [] } }]
[[scene]]
duty = "plan"
calls = [{ tool = "submit_plan", args = { subtasks = [{ id = "s1", title = "Greet", description = "Say hello.", role = "backend_developer", depends_on = [], acceptance_criteria = ["done"] }], test_command = "" } }]
[[scene]]
duty = "work"
calls = [{ tool = "write_file", args = { path = "greeting.txt", content = "hello\n" } }, { tool = "submit_work", args = { summary = "It says hello." } }]
"#;
