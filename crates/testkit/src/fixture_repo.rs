//! A git repository in a temporary folder, as a test wants it.

use std::path::Path;
use std::process::Command;
use tempfile::TempDir;

/// A git repository that is gone after the test. Its commits have the same ids in every run.
///
/// ```
/// # use squad_testkit::FixtureRepo;
/// let repo = FixtureRepo::new()
///     .file("src/cart.py", "def total(items): ...\n")
///     .commit("A cart")
///     .executable("test.sh", "#!/bin/sh\nexit 0\n")
///     .commit("A test");
/// assert_eq!(repo.git(&["log", "--format=%s"]), "A test\nA cart");
/// ```
#[derive(Debug)]
pub struct FixtureRepo {
    folder: TempDir,
    commits: u64,
}

impl Default for FixtureRepo {
    fn default() -> Self {
        Self::new()
    }
}

impl FixtureRepo {
    /// An empty repository whose branch is `main`.
    ///
    /// # Panics
    /// Where git does not work here.
    #[must_use]
    pub fn new() -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder can be made");
        let repo = Self { folder, commits: 0 };
        repo.git(&["init", "--quiet", "--initial-branch=main"]);
        repo
    }

    /// Writes a file, and the folders above it.
    ///
    /// # Panics
    /// Where it cannot be written.
    #[must_use]
    pub fn file(self, path: &str, content: &str) -> Self {
        self.write(path, content);
        self
    }

    /// Writes a file that may be run.
    ///
    /// # Panics
    /// Where it cannot be written.
    #[must_use]
    pub fn executable(self, path: &str, content: &str) -> Self {
        use std::os::unix::fs::PermissionsExt as _;
        self.write(path, content);
        let mode = std::fs::Permissions::from_mode(0o755);
        std::fs::set_permissions(self.path().join(path), mode).expect("the file is ours");
        self
    }

    /// Commits everything that is there.
    ///
    /// # Panics
    /// Where there is nothing to commit.
    #[must_use]
    pub fn commit(mut self, message: &str) -> Self {
        self.git(&["add", "--all"]);
        self.git(&["commit", "--quiet", "--message", message]);
        self.commits += 1;
        self
    }

    /// Begins a branch here and changes to it.
    ///
    /// # Panics
    /// Where git refuses.
    #[must_use]
    pub fn branch(self, name: &str) -> Self {
        self.git(&["switch", "--quiet", "--create", name]);
        self
    }

    /// Writes a file of the work tree, between steps of a test.
    ///
    /// # Panics
    /// Where it cannot be written.
    pub fn write(&self, path: &str, content: &str) {
        let path = self.path().join(path);
        std::fs::create_dir_all(path.parent().expect("it is inside")).expect("the folder is ours");
        std::fs::write(path, content).expect("the folder is ours");
    }

    /// Where it is.
    #[must_use]
    pub fn path(&self) -> &Path {
        self.folder.path()
    }

    /// The commit that is checked out.
    ///
    /// # Panics
    /// Where there is none.
    #[must_use]
    pub fn head(&self) -> String {
        self.git(&["rev-parse", "HEAD"])
    }

    /// Runs git in it, away from the configuration of whoever runs the tests; gives what it prints, without the last
    /// line's end.
    ///
    /// # Panics
    /// Where git fails.
    pub fn git(&self, arguments: &[&str]) -> String {
        let date = format!("2026-01-02T03:{:02}:{:02}Z", self.commits / 60 % 60, self.commits % 60);
        let output = Command::new("git")
            .args(["-c", "commit.gpgsign=false", "-c", "core.hooksPath=/dev/null"])
            .args(arguments)
            .current_dir(self.path())
            .env_remove("GIT_DIR")
            .env_remove("GIT_INDEX_FILE")
            .env_remove("GIT_WORK_TREE")
            .envs([("GIT_CONFIG_GLOBAL", "/dev/null"), ("GIT_CONFIG_NOSYSTEM", "1")])
            .envs([("GIT_AUTHOR_NAME", "Ada"), ("GIT_AUTHOR_EMAIL", "ada@example.com")])
            .envs([("GIT_COMMITTER_NAME", "Ada"), ("GIT_COMMITTER_EMAIL", "ada@example.com")])
            .envs([("GIT_AUTHOR_DATE", &date), ("GIT_COMMITTER_DATE", &date)])
            .output()
            .expect("git is installed");
        let complaints = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "git {arguments:?}: {complaints}");
        String::from_utf8_lossy(&output.stdout).trim_end().to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commits_have_the_same_ids_in_every_run() {
        let build = || FixtureRepo::new().file("a", "1\n").commit("One").file("b", "2\n").commit("Two");
        assert_eq!(build().head(), build().head());
    }
}
