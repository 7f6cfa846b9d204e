//! squad's own program, as it is seen in a container.

use std::fs;
use std::path::{Path, PathBuf};

use crate::SandboxError;
use crate::launcher::keeper::KEEPER_COMMAND;

/// Where the program is inside.
const INSIDE: &str = "/.squad/launcher";
/// Where its libraries are inside.
const LIBRARIES: &str = "/.squad/lib";

/// The program that becomes process 1 of a container, and what it needs to be started.
#[derive(Debug, Clone)]
pub(super) struct Program {
    /// Host paths, and where they are seen inside.
    pub(super) mounts: Vec<(PathBuf, PathBuf)>,
    /// The command line of process 1.
    pub(super) entrypoint: Vec<String>,
}

impl Program {
    /// `foreign_root`: the container has the root of another system, which may lack the libraries of this one.
    pub(super) fn new(launcher: &Path, foreign_root: bool) -> Result<Self, SandboxError> {
        let path = real(launcher)?;
        let mut program = Self {
            mounts: vec![(path, INSIDE.into())],
            entrypoint: vec![INSIDE.into(), KEEPER_COMMAND.into()],
        };
        let libraries = if foreign_root { libraries() } else { Vec::new() };
        // A static program has none.
        let loader = libraries.iter().find(|path| name(path).starts_with("ld-"));
        if let Some(loader) = loader {
            let loader = format!("{LIBRARIES}/{}", name(loader));
            let start = [loader.as_str(), "--library-path", LIBRARIES, INSIDE, KEEPER_COMMAND];
            program.entrypoint = start.map(String::from).into();
            let inside = |library: &PathBuf| Path::new(LIBRARIES).join(name(library));
            program.mounts.extend(libraries.iter().map(|library| (library.clone(), inside(library))));
        }
        Ok(program)
    }
}

/// A path that the Docker daemon can find as well.
fn real(launcher: &Path) -> Result<PathBuf, SandboxError> {
    let path = fs::canonicalize(launcher).or_else(|_| fs::read_link(launcher));
    let path = path.map_err(SandboxError::io(format!("find `{}`", launcher.display())))?;
    if path.is_file() {
        return Ok(path);
    }
    Err(SandboxError::Launcher {
        reason: format!("`{}` was replaced or removed while squad runs; start squad again", path.display()),
    })
}

/// The shared libraries of this process, which is the launcher's program or one built with it.
fn libraries() -> Vec<PathBuf> {
    let maps = fs::read_to_string("/proc/self/maps").unwrap_or_default();
    let mut found: Vec<PathBuf> = maps
        .lines()
        .filter_map(|line| Some(&line[line.find('/')?..]))
        .map(PathBuf::from)
        .filter(|path| name(path).contains(".so"))
        .collect();
    found.sort();
    found.dedup();
    found
}

fn name(path: &Path) -> String {
    path.file_name().unwrap_or_default().to_string_lossy().into_owned()
}
