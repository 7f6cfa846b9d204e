use super::{Detection, Ecosystem, SetupCommand, TestCommand};
use crate::files::Root;

/// Manifests are written by people; lock files may be large.
const READ_LIMIT: u64 = 16 << 20;

/// A folder that may be a project, seen through the workspace's descriptor.
pub(super) struct Project<'a> {
    root: &'a Root,
    folder: String,
}

impl<'a> Project<'a> {
    pub(super) fn new(root: &'a Root, folder: &str) -> Self {
        Self { root, folder: folder.to_owned() }
    }

    /// The content of a file; `None` when there is none.
    pub(super) fn read(&self, path: &str) -> Option<String> {
        self.root.peek(&self.inner(path), READ_LIMIT)
    }

    pub(super) fn has(&self, path: &str) -> bool {
        self.root.peek(&self.inner(path), 0).is_some()
    }

    /// The first of these files that is there.
    pub(super) fn first<'n>(&self, names: &[&'n str]) -> Option<&'n str> {
        names.iter().copied().find(|name| self.has(name))
    }

    /// The names of the files in a folder, sorted.
    pub(super) fn files(&self, path: &str) -> Vec<String> {
        self.entries(path, false)
    }

    /// The names of the folders in a folder, sorted.
    pub(super) fn folders(&self, path: &str) -> Vec<String> {
        self.entries(path, true)
    }

    fn entries(&self, path: &str, folders: bool) -> Vec<String> {
        let parsed = self.root.parse(&self.inner(path));
        let Some(dir) = parsed.ok().and_then(|path| self.root.folder(path.parts()).ok()) else {
            return Vec::new();
        };
        let Ok(entries) = dir.entries() else { return Vec::new() };
        let wanted = entries.flatten().filter(|entry| {
            entry.file_type().is_ok_and(|kind| if folders { kind.is_dir() } else { kind.is_file() })
        });
        let mut names: Vec<String> =
            wanted.filter_map(|entry| entry.file_name().into_string().ok()).collect();
        names.sort();
        names
    }

    fn inner(&self, path: &str) -> String {
        if self.folder.is_empty() { path.to_owned() } else { format!("{}/{path}", self.folder) }
    }

    /// Adds a test command; one of a folder below the root changes there first.
    pub(super) fn test(
        &self,
        found: &mut Detection,
        ecosystem: Ecosystem,
        command: impl Into<String>,
        reason: impl Into<String>,
    ) {
        let (command, reason) = self.placed(command.into(), reason.into());
        found.tests.push(TestCommand { command, reason, ecosystem });
    }

    /// Adds a setup command.
    pub(super) fn setup(
        &self,
        found: &mut Detection,
        ecosystem: Ecosystem,
        command: impl Into<String>,
        reason: impl Into<String>,
        hosts: impl IntoIterator<Item = impl Into<String>>,
    ) {
        let (command, reason) = self.placed(command.into(), reason.into());
        let hosts = hosts.into_iter().map(Into::into).collect();
        found.setups.push(SetupCommand { command, reason, ecosystem, hosts });
    }

    fn placed(&self, command: String, reason: String) -> (String, String) {
        if self.folder.is_empty() {
            return (command, reason);
        }
        let quoted = self.folder.replace('\'', r"'\''");
        let plain = self.folder.chars().all(|c| c.is_ascii_alphanumeric() || "._-".contains(c))
            && !self.folder.starts_with('-');
        let folder = if plain { self.folder.clone() } else { format!("'./{quoted}'") };
        (format!("cd {folder} && {command}"), format!("{reason} in `{}`", self.folder))
    }
}
