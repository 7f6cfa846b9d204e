//! A checkout of the sample project.

use std::collections::BTreeSet;
use std::fs;
use std::path::PathBuf;
use std::process::Command;

/// A folder with the sample project, or a worktree of it.
pub(crate) struct Project {
    pub(crate) dir: PathBuf,
}

/// What `node --test` said.
pub(crate) struct TestRun {
    pub(crate) exit_code: i32,
    pub(crate) passed: BTreeSet<String>,
    pub(crate) failed: BTreeSet<String>,
    pub(crate) output: String,
}

impl Project {
    pub(crate) fn new(dir: PathBuf) -> Self {
        Self { dir }
    }

    pub(crate) fn read(&self, path: &str) -> String {
        fs::read_to_string(self.dir.join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
    }

    pub(crate) fn write(&self, path: &str, content: &str) {
        fs::write(self.dir.join(path), content).unwrap_or_else(|error| panic!("{path}: {error}"));
    }

    /// Runs a shell command and returns its exit code and all of its output.
    pub(crate) fn shell(&self, command: &str) -> (i32, String) {
        let mut shell = Command::new("sh");
        shell.current_dir(&self.dir).args(["-c", command]);
        for (name, _) in std::env::vars_os().filter(|(name, _)| name.to_string_lossy().starts_with("GIT_")) {
            shell.env_remove(name);
        }
        let output = shell
            .envs([("GIT_CONFIG_GLOBAL", "/dev/null"), ("GIT_CONFIG_NOSYSTEM", "1")])
            .output()
            .expect("a shell is there");
        let both = String::from_utf8_lossy(&output.stdout) + String::from_utf8_lossy(&output.stderr);
        (output.status.code().unwrap_or(-1), both.into_owned())
    }

    /// Runs a `node --test` command and reads the names of those that passed and failed.
    pub(crate) fn run(&self, command: &str) -> TestRun {
        let (exit_code, output) = self.shell(&command.replace("--test", "--test --test-reporter=tap"));
        let names = |mark: &str| -> BTreeSet<String> {
            let named = output.lines().filter_map(|line| line.trim_start().strip_prefix(mark));
            named.filter_map(|line| Some(line.split_once(" - ")?.1.to_owned())).collect()
        };
        TestRun { exit_code, passed: names("ok "), failed: names("not ok "), output }
    }

    pub(crate) fn git(&self, args: &str) {
        let identity = "-c user.name=Squad -c user.email=squad@corner-shop.example";
        let (code, output) = self.shell(&format!("git {identity} {args}"));
        assert_eq!(code, 0, "git {args}: {output}");
    }

    /// A worktree beside this checkout, on a branch of the same name.
    pub(crate) fn worktree(&self, branch: &str) -> Self {
        let dir = self.dir.with_file_name(branch);
        self.git(&format!("worktree add --quiet -b {branch} ../{branch}"));
        Self::new(dir)
    }

    pub(crate) fn commit(&self, message: &str) {
        self.git("add --all");
        self.git(&format!("commit --quiet --message '{message}'"));
    }

    pub(crate) fn merge(&self, branch: &str) {
        self.git(&format!("merge --quiet --no-ff --message 'Merge {branch}' {branch}"));
    }
}
