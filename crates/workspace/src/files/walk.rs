//! Walking a workspace in a stable order with the rules of `.gitignore`, through folder descriptors only.

use std::ops::ControlFlow;
use std::time::{Duration, Instant};

use cap_std::fs::Dir;
use ignore::gitignore::{Gitignore, GitignoreBuilder};

use super::path::is_git_data;
use super::root::{open_file, open_folder};
use super::{FileError, Result, Root};

/// Ignore files larger than this are not written by people.
const IGNORE_FILE_LIMIT: u64 = 256 << 10;
/// Folders in folders beyond this only serve to exhaust the stack.
const DEPTH_LIMIT: usize = 64;

/// Left behind by tools; never of interest, even where a project has no `.gitignore`.
const ALWAYS_IGNORED: &[&str] = &[
    "__pycache__/",
    "*.py[cod]",
    ".pytest_cache/",
    ".mypy_cache/",
    ".ruff_cache/",
    "node_modules/",
    ".venv/",
    ".tox/",
    ".DS_Store",
];

/// One entry on the way.
pub(crate) struct Visit<'a> {
    /// Path from the root with `/`; bytes that are not UTF-8 are replaced.
    pub(crate) path: &'a str,
    /// 1 for the entries of the folder where the walk began.
    pub(crate) depth: usize,
    pub(crate) is_folder: bool,
    pub(crate) is_link: bool,
    pub(crate) is_file: bool,
    pub(crate) ignored: bool,
    pub(crate) size: u64,
    dir: &'a Dir,
    name: &'a std::ffi::OsStr,
}

impl Visit<'_> {
    /// Opens the file; `None` when it is gone or no regular file any more.
    pub(crate) fn open(&self) -> Option<cap_std::fs::File> {
        let (file, metadata) = open_file(self.dir, self.name).ok()?;
        metadata.is_file().then_some(file)
    }
}

pub(crate) struct Walk {
    deadline: Instant,
    levels: Vec<(usize, Gitignore)>,
}

/// What to do with a folder that was visited.
pub(crate) enum Enter {
    Yes,
    No,
}

impl Walk {
    pub(crate) fn new(time: Duration) -> Self {
        let mut builder = GitignoreBuilder::new(".");
        for pattern in ALWAYS_IGNORED {
            builder.add_line(None, pattern).expect("the patterns are constants and valid");
        }
        Self {
            deadline: Instant::now() + time,
            levels: vec![(0, builder.build().unwrap_or_else(|_| Gitignore::empty()))],
        }
    }

    /// Calls `visit` for everything below a folder. Ignored folders are visited, never entered. Returns whether the walk came to its end in time.
    pub(crate) fn run(
        mut self,
        root: &Root,
        start: &[String],
        visit: &mut dyn FnMut(&Visit<'_>) -> ControlFlow<(), Enter>,
    ) -> Result<bool> {
        // The rules of the folders above the start hold below it as well.
        for depth in 0..start.len() {
            self.push_rules(&root.folder(&start[..depth])?, depth);
        }
        let dir = root.folder(start)?;
        let prefix = start.join("/");
        let flow =
            self.folder(&dir, &prefix, start.len(), 1, visit).map_err(FileError::io("list", &prefix))?;
        Ok(flow.is_continue())
    }

    fn folder(
        &mut self,
        dir: &Dir,
        prefix: &str,
        level: usize,
        depth: usize,
        visit: &mut dyn FnMut(&Visit<'_>) -> ControlFlow<(), Enter>,
    ) -> std::io::Result<ControlFlow<()>> {
        let mut names: Vec<_> = dir.entries()?.filter_map(|entry| Some(entry.ok()?.file_name())).collect();
        names.sort();
        self.push_rules(dir, level);
        for name in &names {
            if Instant::now() > self.deadline {
                return Ok(ControlFlow::Break(()));
            }
            let text = name.to_string_lossy();
            let Ok(metadata) = dir.symlink_metadata(name) else { continue };
            if is_git_data(&text) {
                continue;
            }
            let path = if prefix.is_empty() { text.into_owned() } else { format!("{prefix}/{text}") };
            let is_folder = metadata.is_dir();
            let ignored = self.is_ignored(&path, is_folder);
            let (is_link, is_file) = (metadata.is_symlink(), metadata.is_file());
            let seen = Visit {
                path: &path,
                depth,
                is_folder,
                is_link,
                is_file,
                ignored,
                size: metadata.len(),
                dir,
                name,
            };
            let ControlFlow::Continue(enter) = visit(&seen) else { return Ok(ControlFlow::Break(())) };
            if !is_folder || ignored || depth >= DEPTH_LIMIT || matches!(enter, Enter::No) {
                continue;
            }
            // Gone or exchanged for a link in the meantime: nothing to see.
            let Some(inner) = name.to_str().and_then(|name| open_folder(dir, name).ok()) else { continue };
            let known = self.levels.len();
            let flow = self.folder(&inner, &path, level + 1, depth + 1, visit);
            self.levels.truncate(known);
            if matches!(flow, Ok(ControlFlow::Break(()))) {
                return Ok(ControlFlow::Break(()));
            }
        }
        Ok(ControlFlow::Continue(()))
    }

    fn push_rules(&mut self, dir: &Dir, level: usize) {
        use std::io::Read;
        let Ok((file, metadata)) = open_file(dir, ".gitignore") else { return };
        let mut text = String::new();
        if !metadata.is_file() || file.take(IGNORE_FILE_LIMIT).read_to_string(&mut text).is_err() {
            return;
        }
        let mut builder = GitignoreBuilder::new(".");
        for line in text.lines() {
            // A line that git could not read either has no effect.
            let _ = builder.add_line(None, line);
        }
        if let Ok(rules) = builder.build() {
            self.levels.push((level, rules));
        }
    }

    /// The innermost file with a matching line decides.
    fn is_ignored(&self, path: &str, is_folder: bool) -> bool {
        for (level, rules) in self.levels.iter().rev() {
            let inner = path.splitn(level + 1, '/').last().unwrap_or(path);
            match rules.matched(inner, is_folder) {
                ignore::Match::None => {}
                decided => return decided.is_ignore(),
            }
        }
        false
    }
}
