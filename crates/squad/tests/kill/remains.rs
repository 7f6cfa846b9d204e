//! What must not be left behind: processes, mounts, control groups, locks, files of the execution, and anything but the
//! branch in the user's repository.

use crate::house::{House, LOOK};
use squad_domain::execution::ExecutionState;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// What a killed program started ends by itself, a moment later. Nothing here needs nearly as long.
const PATIENCE: Duration = Duration::from_secs(30);

pub(crate) fn none(house: &House, state: &ExecutionState, context: &str) {
    let left = || {
        let mut all = processes(house.path());
        all.extend(groups());
        all.extend(below(&house.data().join("executions")));
        all
    };
    let begin = Instant::now();
    while !left().is_empty() {
        assert!(begin.elapsed() < PATIENCE, "{context}: left behind: {:#?}", left());
        std::thread::sleep(LOOK);
    }
    repository(house, state, context);
}

/// Nothing temporary is left by a process that could end in good order. One that is killed while it starts can leave the
/// folder in which it tried the sandbox, or looked for work that is not committed.
pub(crate) fn nothing_temporary(house: &House) {
    assert_eq!(below(&house.temporary()), Vec::<String>::new());
}

/// Processes that have to do with this house: by what they were called with, where they are, or what is mounted there.
fn processes(folder: &Path) -> Vec<String> {
    let named = folder.to_string_lossy().into_owned();
    let has = |path: PathBuf| {
        std::fs::read(path).is_ok_and(|bytes| String::from_utf8_lossy(&bytes).contains(&named))
    };
    let mut found = Vec::new();
    for entry in std::fs::read_dir("/proc").unwrap().flatten() {
        let process = entry.path();
        let at = std::fs::read_link(process.join("cwd")).is_ok_and(|folder| folder.starts_with(&named));
        if at || has(process.join("cmdline")) || has(process.join("mountinfo")) {
            let words = std::fs::read(process.join("cmdline")).unwrap_or_default();
            found.push(format!(
                "{}: {}",
                process.display(),
                String::from_utf8_lossy(&words).replace('\0', " ")
            ));
        }
    }
    found
}

/// Control groups of runs whose launcher is gone.
fn groups() -> Vec<String> {
    let mut found = Vec::new();
    let mut folders = vec![PathBuf::from("/sys/fs/cgroup")];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(&folder).into_iter().flatten().flatten() {
            if !entry.file_type().is_ok_and(|kind| kind.is_dir()) {
                continue;
            }
            let name = entry.file_name().to_string_lossy().into_owned();
            match name.strip_prefix("squad-run-") {
                Some(process) if !Path::new("/proc").join(process).exists() => {
                    found.push(entry.path().display().to_string());
                }
                Some(_) => {}
                None => folders.push(entry.path()),
            }
        }
    }
    found
}

fn below(folder: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    entries.map(|entry| entry.path().display().to_string()).collect()
}

/// The user's repository has the branch, and is otherwise as it was.
fn repository(house: &House, state: &ExecutionState, context: &str) {
    let repository = &house.repository;
    let delivery = state.delivery.as_ref().expect("a completed execution is delivered");
    let tree = repository.git(&["rev-parse", &format!("{}^{{tree}}", delivery.branch)]);
    assert_eq!(Some(tree), state.head_tree.as_ref().map(ToString::to_string), "{context}");
    let mut branches = ["main", delivery.branch.as_str()];
    branches.sort_unstable();
    assert_eq!(
        repository.git(&["for-each-ref", "--sort=refname", "--format=%(refname:short)"]),
        branches.join("\n"),
        "{context}"
    );
    assert_eq!(repository.git(&["status", "--porcelain", "--branch", "--ignored"]), "## main", "{context}");
    assert_eq!(repository.git(&["stash", "list"]), "", "{context}");
    assert_eq!(repository.git(&["fsck", "--strict"]), "", "{context}");
    let git = repository.path().join(".git");
    // A git that found no space leaves its unfinished pack, as any fetch does; `git gc` removes it.
    let asked = state.questions.values().any(|asked| asked.question.waits_for_person());
    let mut folders = vec![git.clone()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(&folder).unwrap().flatten() {
            let name = entry.file_name().to_string_lossy().into_owned();
            assert!(
                !name.ends_with(".lock") && (asked || !name.starts_with("tmp_")),
                "{context}: `{}` is left in the repository",
                entry.path().display()
            );
            if entry.path().is_dir() {
                folders.push(entry.path());
            }
        }
    }
}
