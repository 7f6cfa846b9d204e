//! A user's repository in a temporary folder, made with the real git.

use std::path::{Path, PathBuf};
use std::process::Command;

use squad_workspace::{Import, Repository, Source};
use tempfile::TempDir;

pub(crate) struct Fixture {
    folder: TempDir,
}

impl Fixture {
    /// A checkout with one commit that holds these files.
    pub(crate) fn new(files: &[(&str, &str)]) -> Self {
        let fixture = Self { folder: tempfile::tempdir().unwrap() };
        std::fs::create_dir_all(fixture.path()).unwrap();
        fixture.git(&["init", "-q", "-b", "main"]);
        fixture.write(files);
        if !files.is_empty() {
            fixture.git(&["add", "-A"]);
            fixture.git(&["commit", "-q", "-m", "base"]);
        }
        fixture
    }

    pub(crate) fn path(&self) -> PathBuf {
        self.folder.path().join("user")
    }

    pub(crate) fn private(&self) -> PathBuf {
        self.folder.path().join("private")
    }

    pub(crate) fn outside(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub(crate) fn source(&self) -> Source {
        Source::Local(self.path())
    }

    pub(crate) fn write(&self, files: &[(&str, &str)]) {
        for (path, content) in files {
            write(&self.path().join(path), content);
        }
    }

    pub(crate) fn git(&self, args: &[&str]) -> String {
        git(&self.path(), args)
    }

    pub(crate) async fn import(&self) -> Import {
        Repository::import(&self.source(), &self.private()).await.unwrap()
    }
}

pub(crate) fn write(path: &Path, content: &str) {
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    std::fs::write(path, content).unwrap();
}

/// git as a user has it, apart from their own configuration.
pub(crate) fn git(folder: &Path, args: &[&str]) -> String {
    let identity =
        ["-c", "user.name=User", "-c", "user.email=user@example.org", "-c", "protocol.file.allow=always"];
    let output = Command::new("git")
        .args(identity)
        .args(args)
        .current_dir(folder)
        .env("GIT_CONFIG_GLOBAL", "/dev/null")
        .env("GIT_CONFIG_NOSYSTEM", "1")
        .output()
        .unwrap();
    assert!(output.status.success(), "git {args:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8_lossy(&output.stdout).trim_end().to_owned()
}

/// Every path below a folder with its kind, mode, time of change and content, to compare byte for byte.
pub(crate) fn snapshot(folder: &Path) -> Vec<String> {
    describe(folder, true)
}

/// The same without times, for what was written anew.
pub(crate) fn contents(folder: &Path) -> Vec<String> {
    describe(folder, false)
}

fn describe(folder: &Path, times: bool) -> Vec<String> {
    use std::hash::{DefaultHasher, Hash, Hasher};
    use std::os::unix::fs::{MetadataExt, PermissionsExt};
    let mut found = Vec::new();
    let mut waiting = vec![folder.to_owned()];
    while let Some(folder_now) = waiting.pop() {
        for entry in std::fs::read_dir(folder_now).unwrap() {
            let path = entry.unwrap().path();
            let metadata = path.symlink_metadata().unwrap();
            let name = path.strip_prefix(folder).unwrap().to_owned();
            if metadata.is_dir() {
                found.push(format!("{name:?}/"));
                waiting.push(path);
            } else if metadata.is_symlink() {
                found.push(format!("{name:?} -> {:?}", std::fs::read_link(path).unwrap()));
            } else if metadata.is_file() {
                let mut hasher = DefaultHasher::new();
                std::fs::read(&path).unwrap().hash(&mut hasher);
                let mode = metadata.permissions().mode() & 0o777;
                // git touches an object that it meets again, and the clone's objects are the same files.
                let time = if times && !name.starts_with(".git/objects") { metadata.mtime_nsec() } else { 0 };
                found.push(format!("{name:?} {mode:o} {time} {} {:x}", metadata.len(), hasher.finish()));
            } else {
                found.push(format!("{name:?} special"));
            }
        }
    }
    found.sort();
    found
}
