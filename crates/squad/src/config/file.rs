//! `squad.toml`: where it is looked for, and its errors by line.

use super::layers::{Layer, Origin};
use super::{Config, ConfigError};
use squad_templates::located::{self, Misfit, Text, dotted};
use std::path::{Path, PathBuf};

/// The name of the file.
pub(super) const FILE_NAME: &str = "squad.toml";

/// The files that count, weakest first: the user's own, then the nearest one between the current folder and the root of
/// the repository that it is in.
pub(super) fn find(current: &Path, user: Option<&Path>) -> Vec<PathBuf> {
    let mut files: Vec<PathBuf> =
        user.map(|folder| folder.join(FILE_NAME)).filter(|path| path.is_file()).into_iter().collect();
    for folder in current.ancestors() {
        let path = folder.join(FILE_NAME);
        if path.is_file() {
            if !files.contains(&path) {
                files.push(path);
            }
            break;
        }
        if folder.join(".git").exists() {
            break;
        }
    }
    files
}

pub(super) fn read(path: &Path) -> Result<Layer, ConfigError> {
    let text = std::fs::read_to_string(path)
        .map_err(|source| ConfigError::Read { path: path.to_owned(), source })?;
    parse(path, &text)
}

pub(super) fn parse(path: &Path, text: &str) -> Result<Layer, ConfigError> {
    let (text, mut table) = Text::parse(text).map_err(|(line, message)| ConfigError::Syntax {
        path: path.to_owned(),
        line,
        message,
    })?;
    located::read::<Config>(&table).map_err(|misfit| match misfit {
        Misfit::Unknown(key) => {
            ConfigError::UnknownKey { path: path.to_owned(), line: text.line(&key), key: dotted(&key) }
        }
        Misfit::Value(key, message) => {
            ConfigError::Value { path: path.to_owned(), line: text.line(&key), key: dotted(&key), message }
        }
    })?;
    let home = path.parent().unwrap_or(Path::new("."));
    relative_to(home, &mut table);
    let origin = |key: &[String]| Origin::File { path: path.to_owned(), line: text.line(key) };
    Ok(Layer::new(table, origin))
}

/// What a file that may come with a stranger's repository must not decide: where keys are sent, where everything that
/// happens is written to, and which programs are started outside of the sandbox.
const OWN_ONLY: &[&str] = &["providers", "database_url", "mcp", "server"];

/// Refuses the first of those keys where the file stands in a repository and is not the user's own.
pub(super) fn check(path: &Path, layer: &Layer, user: Option<&Path>) -> Result<(), ConfigError> {
    let own = user.is_some_and(|folder| path.starts_with(folder));
    if own || !path.ancestors().skip(1).any(|folder| folder.join(".git").exists()) {
        return Ok(());
    }
    match OWN_ONLY.iter().find_map(|key| layer.origin_under(key)) {
        Some((key, origin)) => Err(ConfigError::OwnOnly { origin: origin.to_string(), key }),
        None => Ok(()),
    }
}

/// Paths in a file are meant from where the file is.
fn relative_to(home: &Path, table: &mut toml::Table) {
    for key in ["data_dir", "squad", "prompts"] {
        let Some(toml::Value::String(value)) = table.get_mut(key) else { continue };
        let is_path = key != "squad" || value.ends_with(".toml");
        if is_path && Path::new(value).is_relative() && !value.starts_with('~') {
            *value = home.join(&*value).to_string_lossy().into_owned();
        }
    }
}
